//go:build linux || darwin || freebsd

package netpoll

import (
	"errors"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func noDelay(fd int) { _ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1) }

func resetOnClose(fd int) {
	_ = syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
}

// duplicate: both name the same socket.
func duplicate(fd int) (int, error) {
	return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
}

// hungUp tells whether both sides have ended.
func hungUp(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd)}}
	_, err := unix.Poll(fds, 0)
	return err == nil && fds[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
}

// awaitWritable waits until there is room, or something to be told by a write. It
// reports false if the time has passed.
func awaitWritable(fd int, until time.Time) (bool, error) {
	for {
		wait := -1
		if !until.IsZero() {
			wait = int(max(time.Until(until).Milliseconds()+1, 0))
		}
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		n, err := unix.Poll(fds, wait)
		if !errors.Is(err, syscall.EINTR) {
			return n > 0, err
		}
	}
}
