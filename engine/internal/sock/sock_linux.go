package sock

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Errno is the kernel's answer; 0 is success.
type Errno = syscall.Errno

// EAGAIN: nothing can be received, sent or accepted now.
const EAGAIN = syscall.EAGAIN

// Recv reads into p. n == 0 with success is the end of the peer's side.
func Recv(fd int, p []byte) (n int, errno Errno) {
	for {
		r, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
		if e != syscall.EINTR {
			return int(r), e
		}
	}
}

// Discard throws away up to n received bytes without copying them out of the
// kernel. It works on TCP only.
func Discard(fd, n int) (discarded int, errno Errno) {
	for {
		r, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), 0, uintptr(n), unix.MSG_TRUNC, 0, 0)
		if e != syscall.EINTR {
			return int(r), e
		}
	}
}

// Send writes p. more says that further bytes follow at once, so that the
// kernel need not send a short segment.
func Send(fd int, p []byte, more bool) (n int, errno Errno) {
	flags := uintptr(unix.MSG_NOSIGNAL)
	if more {
		flags |= unix.MSG_MORE
	}
	for {
		r, _, e := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
		if e != syscall.EINTR {
			return int(r), e
		}
	}
}

// Send3 writes the parts in order as one; each may be empty.
func Send3(fd int, a, b, c []byte) (n int, errno Errno) {
	var iov [3]syscall.Iovec
	k := 0
	for _, p := range [...][]byte{a, b, c} {
		if len(p) > 0 {
			iov[k].Base = unsafe.SliceData(p)
			iov[k].SetLen(len(p))
			k++
		}
	}
	msg := syscall.Msghdr{Iov: &iov[0], Iovlen: uint64(k)}
	for {
		r, _, e := syscall.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), unix.MSG_NOSIGNAL)
		if e != syscall.EINTR {
			return int(r), e
		}
	}
}

// SendFile writes up to count bytes of the file from *offset on, which it moves.
// n == 0 with success means that the file ends there, or can't be read: an error
// is the socket's. Where the system has no sendfile(2) for it the file is read.
func SendFile(fd, file int, offset *int64, count int) (n int, errno Errno) {
	for {
		n, err := unix.Sendfile(fd, file, offset, count)
		switch e, _ := err.(Errno); e {
		case syscall.EINTR:
		case syscall.EINVAL, syscall.ENOSYS, syscall.EPERM, syscall.EOPNOTSUPP: // the file's kind, or a sandbox
			return copyFile(fd, file, offset, count)
		case syscall.EBADF, syscall.EIO, syscall.EISDIR, syscall.ESPIPE, syscall.EOVERFLOW,
			syscall.ESTALE, syscall.EACCES, syscall.ENODEV, syscall.ENXIO, syscall.EREMOTEIO, syscall.ENODATA, unix.EUCLEAN:
			return 0, 0
		default:
			return n, e
		}
	}
}

// Accept takes a connection from the backlog: non-blocking, closed on exec.
func Accept(fd int) (conn int, peer Addr, errno Errno) {
	var sa unix.RawSockaddrAny
	size := uint32(unsafe.Sizeof(sa))
	for {
		r, _, e := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch e {
		case 0:
			return int(r), addrOf(&sa), 0
		case syscall.EINTR:
		default:
			return -1, Addr{}, e
		}
	}
}

// ShutdownWrite ends our side of the connection.
func ShutdownWrite(fd int) Errno {
	_, _, e := syscall.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_WR, 0)
	return e
}

// Disconnect resets a TCP connection and leaves the descriptor open: the peer
// gets a reset, and whoever uses the socket finds it ended. It fails on other
// sockets.
func Disconnect(fd int) Errno {
	unspecified := unix.RawSockaddr{Family: unix.AF_UNSPEC}
	_, _, e := syscall.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&unspecified)), unsafe.Sizeof(unspecified))
	return e
}

// Close closes the descriptor of a socket, which doesn't block: none of ours
// lingers in the kernel. The scheduler is not told, as with the other calls: it
// would wake its monitor for each connection that ends on an idle server.
func Close(fd int) {
	_, _, _ = syscall.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) // EINTR: on Linux the descriptor is gone all the same
}

// CloseReset closes the descriptor so that the peer gets a reset.
func CloseReset(fd int) {
	now := unix.Linger{Onoff: 1, Linger: 0}
	_, _, _ = syscall.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_LINGER, uintptr(unsafe.Pointer(&now)), unsafe.Sizeof(now), 0)
	Close(fd)
}

// Unacknowledged returns how many of the bytes that were sent the peer's system
// has not acknowledged; -1 if this system doesn't tell, or a sandbox forbids to ask.
// An error says that the connection is broken: the number then stays what it was. It
// works on TCP only.
func Unacknowledged(fd int) (n int64, errno Errno) {
	k, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ)
	switch {
	case err != nil:
		return -1, 0
	case k == 0:
		return 0, 0
	}
	fds := []unix.PollFd{{Fd: int32(fd)}}
	if _, err := unix.Poll(fds, 0); err == nil && fds[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0 {
		return 0, syscall.ECONNRESET
	}
	return int64(k), 0
}

// LocalAddr returns the address that the socket is bound to.
func LocalAddr(fd int) Addr {
	var sa unix.RawSockaddrAny
	size := uint32(unsafe.Sizeof(sa))
	_, _, e := syscall.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)))
	if e != 0 {
		return Addr{}
	}
	return addrOf(&sa)
}

// Waiting tells whether anything has been received that was not read.
func Waiting(fd int) bool {
	var b [1]byte
	for {
		n, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), 1, unix.MSG_PEEK|unix.MSG_DONTWAIT, 0, 0)
		if e != syscall.EINTR {
			return e == 0 && n > 0
		}
	}
}

// Ended tells whether the peer has ended its side, or the connection is broken, with
// or without something unread before that.
func Ended(fd int) bool {
	p := unix.PollFd{Fd: int32(fd), Events: unix.POLLRDHUP}
	var now unix.Timespec
	for {
		n, _, e := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
		if e != syscall.EINTR {
			return e == 0 && n > 0
		}
	}
}

// QuickAck has the kernel acknowledge what it receives at once, until it finds
// that it should not.
func QuickAck(fd int) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
}
