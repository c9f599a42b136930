package sock

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Addr is an IP address and a port in 20 bytes, since each connection holds
// one. It is zero for a Unix socket.
type Addr struct {
	ip     [16]byte
	port   uint16
	family uint8
	zoned  bool // bytes 4 to 7 of ip, which are zero in fe80::/64 (RFC 4291, 2.5.6), are the index of its interface
}

// AddrPort returns the address in the form that users know; invalid for a Unix
// socket. IPv4 in IPv6 is given as IPv4, and a link-local address has its
// interface's index as zone.
func (a Addr) AddrPort() netip.AddrPort {
	switch a.family {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(a.ip[:4])), a.port)
	case unix.AF_INET6:
		return netip.AddrPortFrom(a.address6(), a.port)
	}
	return netip.AddrPort{}
}

func (a Addr) address6() netip.Addr {
	if !a.zoned {
		return netip.AddrFrom16(a.ip).Unmap()
	}
	zone := binary.NativeEndian.Uint32(a.ip[4:])
	clear(a.ip[4:8])
	return netip.AddrFrom16(a.ip).WithZone(strconv.FormatUint(uint64(zone), 10))
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
		a := Addr{family: unix.AF_INET6, port: hostOrder(in.Port), ip: in.Addr}
		if in.Scope_id != 0 && [8]byte(a.ip[:8]) == [8]byte{0xfe, 0x80} {
			a.zoned = true
			binary.NativeEndian.PutUint32(a.ip[4:], in.Scope_id)
		}
		return a
	}
	return Addr{}
}

// hostOrder reads a port that lies in memory in network order.
func hostOrder(port uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&port))
	return uint16(b[0])<<8 | uint16(b[1])
}
