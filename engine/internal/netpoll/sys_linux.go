package netpoll

import (
	"net/netip"
	"syscall"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/sock"
)

func accept(fd int) (int, netip.AddrPort, error) {
	n, peer, errno := sock.Accept(fd)
	if errno != 0 {
		return -1, netip.AddrPort{}, errno
	}
	return n, peer.AddrPort(), nil
}

func send(fd int, out *conn.Output) (n int, err error) {
	var errno syscall.Errno
	if len(out.Body)+len(out.Tail) == 0 {
		n, errno = sock.Send(fd, out.Head, out.File > 0)
	} else {
		n, errno = sock.Send3(fd, out.Head, out.Body, out.Tail)
	}
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}

func unacknowledged(fd int) (int64, error) {
	n, errno := sock.Unacknowledged(fd)
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}

func localAddr(fd int) netip.AddrPort { return sock.LocalAddr(fd).AddrPort() }

// hangUp has a listening socket tell that it has ended, and reports whether it does.
func hangUp(fd int) bool { return syscall.Shutdown(fd, syscall.SHUT_RD) == nil }

// disconnect resets the connection; its descriptor stays.
func disconnect(fd int) { sock.Disconnect(fd) }
