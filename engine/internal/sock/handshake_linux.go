package sock

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nowhere is the number of a network interface that does not exist.
const nowhere = 1<<31 - 1

// Deafen has a listening TCP socket take part in no further handshake: whoever
// connects is refused, as if there were no such socket, while handshakes that
// have begun go on and what they bring is there to be accepted.
//
// It binds the socket to an interface that does not exist. A SYN is then not for
// it; the later segments of a handshake find their request, and not the listener.
// Accepted connections don't inherit it. The kernel must know SO_BINDTOIFINDEX
// (Linux 5.0), and allow it without privileges (5.7). It can't be undone without
// them, and holds for all who have the socket.
func Deafen(fd int) Errno {
	return errnoOf(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BINDTOIFINDEX, nowhere))
}

// DeafenUnix is Deafen for a listening Unix socket.
func DeafenUnix(fd int) Errno { return errnoOf(unix.Shutdown(fd, unix.SHUT_RD)) }

func errnoOf(err error) Errno {
	if err == nil {
		return 0
	}
	if e, ok := err.(Errno); ok { //nolint:errorlint // package unix wraps none
		return e
	}
	return unix.EINVAL
}

// Handshake is a TCP handshake that has begun by a connect: its peer's address and
// port.
type Handshake struct {
	addr [16]byte
	port [2]byte
}

// Handshakes calls f with each of this port that has not ended. family is AF_INET
// or AF_INET6. It calls none if the kernel doesn't tell (sock_diag(7)).
func Handshakes(family uint8, port uint16, f func(Handshake)) {
	dump(socketsOf(family, port, unix.BPF_TCP_SYN_RECV), func(m *inetDiagMessage) {
		f(Handshake{m.destination, m.destinationPort})
	})
}

// inetDiagRequest is struct inet_diag_req_v2 of linux/inet_diag.h.
type inetDiagRequest struct {
	family, protocol, extensions, _ uint8
	states                          uint32
	sourcePort, destinationPort     [2]byte // in network order
	source, destination             [16]byte
	device                          uint32
	cookie                          [2]uint32
}

// socketsOf is a request for the sockets of this port that are in a state, such as
// BPF_TCP_SYN_RECV: their SYN has come, and their handshake has not ended.
func socketsOf(family uint8, port uint16, state int) []byte {
	const size = unix.SizeofNlMsghdr + int(unsafe.Sizeof(inetDiagRequest{}))
	header := unix.NlMsghdr{Len: uint32(size), Type: unix.SOCK_DIAG_BY_FAMILY, Flags: unix.NLM_F_REQUEST | unix.NLM_F_DUMP}
	r := inetDiagRequest{family: family, protocol: unix.IPPROTO_TCP, states: 1 << state}
	binary.BigEndian.PutUint16(r.sourcePort[:], port)
	b := make([]byte, 0, size)
	b = append(b, unsafe.Slice((*byte)(unsafe.Pointer(&header)), unsafe.Sizeof(header))...)
	return append(b, unsafe.Slice((*byte)(unsafe.Pointer(&r)), unsafe.Sizeof(r))...)
}
