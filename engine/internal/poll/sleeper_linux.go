package poll

import (
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Sleeper sleeps by a timer of the kernel's.
//
// A timer of the runtime's is the timeout of each epoll_wait by which a thread
// waits for something to do. One that is near has the CPU's timer set and set back
// for each of these waits, which costs microseconds in a virtual machine. The
// kernel's own is set once. But that it has fired is seen by the runtime only when
// it has nothing else to do, or after 10 ms: to sleep beside goroutines that are
// never out of work, time.Sleep is better.
type Sleeper struct {
	fd   int
	file *os.File
	conn syscall.RawConn
	read func(uintptr) bool
}

// NewSleeper returns a Sleeper, for one goroutine.
func NewSleeper() (*Sleeper, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("poll: timerfd_create: %w", err)
	}
	s := &Sleeper{fd: fd}
	s.read = s.readExpired
	if s.file, s.conn, err = underRuntime(fd, "timer"); err != nil {
		return nil, err
	}
	return s, nil
}

// Sleep parks the goroutine for d, which is more than 0.
func (s *Sleeper) Sleep(d time.Duration) error {
	once := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	if err := unix.TimerfdSettime(s.fd, 0, &once, nil); err != nil {
		return fmt.Errorf("poll: timerfd_settime: %w", err)
	}
	if err := s.conn.Read(s.read); err != nil {
		return fmt.Errorf("poll: timer: %w", err)
	}
	return nil
}

// readExpired reports whether the timer has fired.
func (s *Sleeper) readExpired(uintptr) bool {
	var times uint64
	_, _, e := syscall.RawSyscall(unix.SYS_READ, uintptr(s.fd), uintptr(unsafe.Pointer(&times)), unsafe.Sizeof(times))
	return e != syscall.EAGAIN
}

// Close ends the Sleeper. Sleep must not be under way.
func (s *Sleeper) Close() error { return s.file.Close() }
