package engine

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// wire carries a socket of the system: a *net.TCPConn or *net.UnixConn. It waits
// in the runtime's poller for the socket to be ready and makes the system calls
// itself, so that a buffer is held only from when something has come, and an
// attempt to send costs no deadline until it has to wait.
type wire struct {
	nc   net.Conn
	raw  syscall.RawConn
	pool *bufferPool

	interrupted atomic.Bool

	buf       []byte // nil while nothing lies in it
	low, high int    // of buf: received and not taken
	err       error  // io.EOF, or what has broken it
	readBy    waitBy
	fillFunc  func(uintptr) bool
	endFunc   func(uintptr) bool

	writeBy  waitBy
	putFunc  func(uintptr) bool
	out      *conn.Output
	file     carrier.File
	offset   int64
	count    int64
	put      int64
	putErr   error
	blocked  bool
	mayBlock bool
}

// newCarrier returns what carries nc.
func newCarrier(nc net.Conn, s *Server) carrier.Conn {
	switch nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		if raw, err := nc.(syscall.Conn).SyscallConn(); err == nil && rawSockets {
			w := &wire{nc: nc, raw: raw, pool: &s.workerBuffers}
			w.fillFunc, w.endFunc, w.putFunc = w.fill, rawEnded, w.send
			return w
		}
	}
	pool := &s.streams.buffers
	if t, ok := nc.(*tls.Conn); ok {
		return &tlsPipe{pipe: pipe{nc: nc, via: nc, pool: pool}, tls: t, hold: s.opts.Close.Hold}
	}
	return &pipe{nc: nc, via: nc, pool: pool}
}

// waitBy is the deadline that a net.Conn has in one direction. It is moved only
// when it must come sooner, or has passed: what it interrupts looks at the time.
type waitBy struct {
	at    time.Time
	stale bool // it has passed, or somebody else has moved it
}

// moves tells that the deadline has to be set.
func (d *waitBy) moves(until time.Time) bool {
	if !d.stale && (d.at.Equal(until) || !d.at.IsZero() && (until.IsZero() || until.After(d.at))) {
		return false
	}
	d.at, d.stale = until, false
	return true
}

func (d *waitBy) setRead(nc net.Conn, until time.Time) {
	if d.moves(until) {
		_ = nc.SetReadDeadline(until) // of a connection that is closed: the next call tells
	}
}

func (d *waitBy) setWrite(nc net.Conn, until time.Time) {
	if d.moves(until) {
		_ = nc.SetWriteDeadline(until)
	}
}

// past is a time that has passed.
var past = time.Unix(1, 0)

// Interrupt: see carrier.Conn.
func (w *wire) Interrupt() {
	w.interrupted.Store(true)
	_ = w.nc.SetReadDeadline(past)
}

// ready sets the deadline, and looks whether Interrupt was called before that.
func (w *wire) ready(until time.Time) bool {
	w.readBy.setRead(w.nc, until)
	if w.interrupted.Load() && w.interrupted.Swap(false) {
		w.readBy.stale = true
		return false
	}
	return true
}

// Await: see carrier.Conn.
func (w *wire) Await(until time.Time, _ bool) error {
	if w.low < w.high || w.err != nil {
		return nil
	}
	err := carrier.ErrInterrupted
	if w.ready(until) {
		err = w.waited(w.raw.Read(w.fillFunc))
	}
	if err == carrier.ErrInterrupted && w.look() { //nolint:errorlint // it is never wrapped
		return nil
	}
	return err
}

// look receives what has come and could not be seen, since a read whose deadline
// has passed does not look: a request must not be lost to the end that its
// connection is about to get.
func (w *wire) look() bool {
	found := false
	_ = w.raw.Control(func(fd uintptr) { found = w.fill(fd) })
	return found
}

// waited translates what a wait for input ended with.
func (w *wire) waited(err error) error {
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		w.readBy.stale = true
		w.interrupted.Store(false)
		return carrier.ErrInterrupted
	}
	if err != nil {
		w.err = err
		return err
	}
	return nil
}

// fill receives once, if there is something.
func (w *wire) fill(fd uintptr) bool {
	took := w.buf == nil
	if took {
		w.buf = w.pool.take()
	}
	n, errno := rawReceive(int(fd), w.buf[w.high:])
	switch {
	case errno == 0 && n > 0:
		w.high += n
		return true
	case errno == 0:
		w.err = io.EOF
	case errno != syscall.EAGAIN:
		w.err = errno
	}
	if took {
		w.pool.give(w.buf)
		w.buf = nil
	}
	return w.err != nil
}

// Watch: see carrier.Conn. What comes meanwhile is kept behind what is there.
func (w *wire) Watch() error {
	for w.err == nil {
		if w.buf != nil && w.high == len(w.buf) {
			return nil
		}
		if !w.ready(time.Time{}) {
			return carrier.ErrInterrupted
		}
		if err := w.waited(w.raw.Read(w.fillFunc)); err != nil {
			return err
		}
	}
	return w.err
}

// AwaitEnd: see carrier.Conn.
func (w *wire) AwaitEnd(until time.Time) error {
	switch {
	case w.err != nil:
		return nil
	case !w.ready(until):
		return carrier.ErrInterrupted
	}
	return w.waited(w.raw.Read(w.endFunc))
}

// Receive: see carrier.Conn.
func (w *wire) Receive() ([]byte, error) {
	if w.low < w.high {
		p := w.buf[w.low:w.high]
		w.low = w.high
		return p, nil
	}
	return nil, w.err
}

// Release: see carrier.Conn.
func (w *wire) Release() {
	if w.buf != nil && w.low == w.high {
		w.pool.give(w.buf)
		w.buf, w.low, w.high = nil, 0, 0
	}
}

// Send: see carrier.Conn.
func (w *wire) Send(out *conn.Output, limit carrier.Limit) (int64, error) {
	w.out = out
	n, err := w.attempt(limit)
	w.out = nil
	return n, err
}

// SendFile: see carrier.Conn.
func (w *wire) SendFile(f carrier.File, offset, n int64, limit carrier.Limit) (int64, error) {
	w.file, w.offset, w.count = f, offset, n
	sent, err := w.attempt(limit)
	w.file = nil
	return sent, err
}

// attempt sends once; it waits if it must for a first byte.
func (w *wire) attempt(limit carrier.Limit) (int64, error) {
	w.writeBy.setWrite(w.nc, time.Time{})
	for w.mayBlock = false; ; w.mayBlock = true {
		w.put, w.putErr, w.blocked = 0, nil, false
		err := w.raw.Write(w.putFunc)
		switch {
		case err != nil && errors.Is(err, os.ErrDeadlineExceeded):
			w.writeBy.stale = true
			return 0, carrier.ErrInterrupted
		case err != nil:
			return 0, err
		case !w.blocked:
			return w.put, w.putErr
		}
		w.writeBy.setWrite(w.nc, limit.SendLimit())
		w.writeBy.stale = true // also if it does not pass: it holds for this wait alone
	}
}

// send makes one system call. It reports false to wait.
func (w *wire) send(fd uintptr) bool {
	var n int
	var errno syscall.Errno
	if w.file != nil {
		n, errno = rawSendFile(int(fd), w.file, w.offset, int(w.count))
	} else {
		n, errno = rawSend(int(fd), w.out)
	}
	switch {
	case errno == syscall.EAGAIN:
		w.blocked = !w.mayBlock
		return w.blocked
	case errno != 0:
		w.putErr = errno
	default:
		w.put = int64(n)
	}
	return true
}

// Unacknowledged: see carrier.Conn.
func (w *wire) Unacknowledged() (int64, error) { return unacknowledged(w.nc) }

// CloseWrite: see carrier.Conn.
func (w *wire) CloseWrite(carrier.Limit) error {
	return w.nc.(interface{ CloseWrite() error }).CloseWrite()
}

// Close: see carrier.Conn.
func (w *wire) Close(reset bool) {
	if reset {
		w.Abort()
		return
	}
	_ = w.nc.Close()
}

// Abort: see carrier.Conn.
func (w *wire) Abort() { abort(w.nc) }

func abort(nc net.Conn) {
	if t, ok := nc.(interface{ SetLinger(sec int) error }); ok {
		_ = t.SetLinger(0)
	}
	_ = nc.Close()
}

// Hijack: see carrier.Conn.
func (w *wire) Hijack() (net.Conn, []byte, error) {
	received := w.buf[w.low:w.high]
	w.buf, w.low, w.high = nil, 0, 0
	return w.nc, received, nil
}

// LetGo: see carrier.Conn.
func (w *wire) LetGo() { _ = w.nc.SetDeadline(time.Time{}) }

// RemoteAddr: see carrier.Conn.
func (w *wire) RemoteAddr() netip.AddrPort { return addrPort(w.nc.RemoteAddr()) }

// LocalAddr: see carrier.Conn.
func (w *wire) LocalAddr() netip.AddrPort { return addrPort(w.nc.LocalAddr()) }

// addrPort is invalid for what is no address of IP.
func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	p := t.AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}
