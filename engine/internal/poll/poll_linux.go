package poll

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Event is what happened to what a token stands for.
type Event struct {
	Ready Ready
	Token uint64
}

// Ready is a set of conditions.
type Ready uint32

const (
	In     Ready = unix.EPOLLIN
	Out    Ready = unix.EPOLLOUT
	RdHup  Ready = unix.EPOLLRDHUP // the peer has ended its side
	Hangup Ready = unix.EPOLLHUP   // both sides have ended
	Error  Ready = unix.EPOLLERR   // a reset, or another failure of the connection
)

// Trigger says when a condition is reported.
type Trigger uint32

const (
	// Edge reports each change to readable, writable or ended once.
	Edge Trigger = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | 1<<31
	// Level reports readability again and again while it lasts. When several
	// pollers wait for one descriptor, one of them is woken.
	Level Trigger = unix.EPOLLIN | unix.EPOLLEXCLUSIVE
)

// wakeToken is the poller's own.
const wakeToken = ^uint64(0)

// Events is room for what one Wait returns.
type Events struct {
	raw []unix.EpollEvent
}

// NewEvents makes room for n events.
func NewEvents(n int) *Events { return &Events{raw: make([]unix.EpollEvent, n)} }

// At returns event i of the last Wait.
func (e *Events) At(i int) Event {
	raw := &e.raw[i]
	return Event{Ready(raw.Events), uint64(uint32(raw.Fd)) | uint64(uint32(raw.Pad))<<32}
}

// Poller is one epoll instance. One goroutine at a time may Wait; Add, Remove
// and Wake may be called by any.
type Poller struct {
	fd   int
	file *os.File
	conn syscall.RawConn

	mu     sync.Mutex // for wake against Close
	wake   int        // an eventfd
	closed bool

	woken    atomic.Bool // wake was written and not read yet
	deadline time.Time   // that file is set to

	looks   int     // of the Wait under way
	waited  bool    // the last one did
	events  *Events // of the Wait under way
	n       int
	errno   syscall.Errno
	collect func(uintptr) bool
}

// Open returns a new poller.
func Open() (*Poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("poll: epoll_create1: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("poll: eventfd: %w", err)
	}
	p := &Poller{fd: fd, wake: wake}
	p.collect = p.collectReady
	if err := p.open(); err != nil {
		_ = unix.Close(wake)
		return nil, err
	}
	return p, nil
}

func (p *Poller) open() error {
	// os.NewFile takes a non-blocking descriptor for a pollable one.
	if err := unix.SetNonblock(p.fd, true); err != nil {
		_ = unix.Close(p.fd)
		return fmt.Errorf("poll: epoll descriptor: %w", err)
	}
	var err error
	if p.file, p.conn, err = underRuntime(p.fd, "epoll"); err != nil {
		return err
	}
	if err = p.add(p.wake, wakeToken, unix.EPOLLIN|1<<31); err != nil {
		_ = p.file.Close()
		return fmt.Errorf("poll: epoll_ctl: %w", err)
	}
	return nil
}

// underRuntime has the runtime's poller watch fd, which must not block. It takes fd
// over: on an error it is closed.
func underRuntime(fd int, name string) (*os.File, syscall.RawConn, error) {
	file := os.NewFile(uintptr(fd), name)
	conn, err := file.SyscallConn()
	if err == nil {
		err = file.SetReadDeadline(time.Time{}) // fails unless the runtime polls it
	}
	if err != nil {
		_ = file.Close()
		return nil, nil, fmt.Errorf("poll: %s under the runtime's poller: %w", name, err)
	}
	return file, conn, nil
}

// Add reports readiness of fd with the token from now on, beginning with what
// it is ready for already. The token must not be the greatest one.
func (p *Poller) Add(fd int, token uint64, t Trigger) error {
	if err := p.add(fd, token, uint32(t)); err != nil {
		return fmt.Errorf("poll: epoll_ctl: %w", err)
	}
	return nil
}

func (p *Poller) add(fd int, token uint64, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(uint32(token)), Pad: int32(uint32(token >> 32))}
	_, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(p.fd), unix.EPOLL_CTL_ADD, uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0)
	if e != 0 {
		return e
	}
	return nil
}

// Remove ends the reports about fd.
func (p *Poller) Remove(fd int) {
	_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, fd, nil)
}

// Wait fills events and returns how many there are, which is 0 when it was
// woken by Wake or until has passed. A zero until is never.
func (p *Poller) Wait(events *Events, until time.Time) (int, error) {
	if !until.Equal(p.deadline) {
		if err := p.file.SetReadDeadline(until); err != nil {
			return 0, fmt.Errorf("poll: %w", err)
		}
		p.deadline = until
	}
	p.events, p.n, p.errno, p.looks = events, 0, 0, 0
	err := p.conn.Read(p.collect)
	p.waited = p.looks > 1 || p.looks == 1 && err != nil
	switch {
	case p.errno != 0:
		return 0, fmt.Errorf("poll: epoll_wait: %w", p.errno)
	case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
		return 0, fmt.Errorf("poll: %w", err)
	}
	return p.n, nil
}

// Waited reports whether the last Wait found nothing ready at first, and so
// parked its goroutine.
func (p *Poller) Waited() bool { return p.waited }

// Poll is Wait without waiting.
func (p *Poller) Poll(events *Events) (int, error) {
	p.events, p.n, p.errno, p.waited = events, 0, 0, false
	p.collectReady(0)
	if p.errno != 0 {
		return 0, fmt.Errorf("poll: epoll_wait: %w", p.errno)
	}
	return p.n, nil
}

// collectReady is called by the runtime's poller whenever the epoll descriptor
// may be readable. It reports whether the wait is over.
func (p *Poller) collectReady(uintptr) bool {
	p.looks++
	raw := p.events.raw
	for {
		r, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(unsafe.SliceData(raw))), uintptr(len(raw)), 0, 0, 0)
		if e == syscall.EINTR {
			continue
		}
		if e != 0 {
			p.errno = e
			return true
		}
		p.n = p.withoutWake(int(r))
		return r > 0
	}
}

// withoutWake takes the poller's own event out.
func (p *Poller) withoutWake(n int) int {
	raw := p.events.raw
	for i := 0; i < n; i++ {
		if p.events.At(i).Token != wakeToken {
			continue
		}
		// The trigger is an edge: each write of the counter reports it, so it
		// need not be read, but for the day on which it would be full.
		p.woken.Store(false)
		n--
		raw[i] = raw[n]
		i--
	}
	return n
}

// Wake makes the Wait under way, or the next one, return.
func (p *Poller) Wake() {
	if p.woken.Swap(true) {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return // its number may be another descriptor's by now
	}
	one := uint64(1)
	_, _, _ = syscall.RawSyscall(unix.SYS_WRITE, uintptr(p.wake), uintptr(unsafe.Pointer(&one)), 8)
}

// Close closes the poller. Wait must not be under way; Wake may still be called
// and does nothing.
func (p *Poller) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	_ = unix.Close(p.wake)
	return p.file.Close()
}
