//go:build darwin || freebsd

package netpoll

import (
	"net/netip"
	"syscall"

	"github.com/pollard-go/pollard/conn"
)

func accept(fd int) (int, netip.AddrPort, error) {
	syscall.ForkLock.RLock()
	n, sa, err := syscall.Accept(fd)
	if err == nil {
		syscall.CloseOnExec(n)
	}
	syscall.ForkLock.RUnlock()
	if err == nil {
		err = syscall.SetNonblock(n, true)
	}
	if err != nil {
		return -1, netip.AddrPort{}, err
	}
	return n, addrPort(sa), nil
}

// send sends the first part that there is.
func send(fd int, out *conn.Output) (int, error) {
	for _, part := range [...][]byte{out.Head, out.Body, out.Tail} {
		for len(part) > 0 {
			if n, err := syscall.Write(fd, part); err != syscall.EINTR {
				return max(n, 0), err
			}
		}
	}
	return 0, nil
}

// unacknowledged isn't known here.
func unacknowledged(int) (int64, error) { return 0, nil }

func localAddr(fd int) netip.AddrPort {
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}
	}
	return addrPort(sa)
}

func addrPort(sa syscall.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *syscall.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}

// hangUp: see Linux. Here a listening socket can't.
func hangUp(int) bool { return false }

// disconnect ends both sides: there is no way to reset and keep the descriptor.
func disconnect(fd int) { _ = syscall.Shutdown(fd, syscall.SHUT_RDWR) }
