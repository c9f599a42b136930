package sock

import (
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Addr is an IP address and a port in 20 bytes, since each connection holds
// one. It is zero for a Unix socket.
type Addr struct {
	ip     [16]byte
	port   uint16
	family uint8
}

// AddrPort returns the address in the form that users know; invalid for a Unix
// socket. IPv4 in IPv6 is given as IPv4.
func (a Addr) AddrPort() netip.AddrPort {
	switch a.family {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(a.ip[:4])), a.port)
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.ip).Unmap(), a.port)
	}
	return netip.AddrPort{}
}

func addrOf(sa *unix.RawSockaddrAny) Addr {
	switch sa.Addr.Family {
	case unix.AF_INET:
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		a := Addr{family: unix.AF_INET, port: hostOrder(in.Port)}
		copy(a.ip[:], in.Addr[:])
		return a
	case unix.AF_INET6:
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(sa))
		return Addr{family: unix.AF_INET6, port: hostOrder(in.Port), ip: in.Addr}
	}
	return Addr{}
}

// hostOrder reads a port that lies in memory in network order.
func hostOrder(port uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&port))
	return uint16(b[0])<<8 | uint16(b[1])
}
