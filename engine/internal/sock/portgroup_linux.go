package sock

import (
	"encoding/binary"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SharesPort tells whether a listening TCP socket has SO_REUSEPORT set: others may
// listen at its address too, in a group among which the kernel spreads SYNs.
func SharesPort(fd int) bool {
	on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT)
	return err == nil && on != 0
}

// Inode is the number by which sock_diag(7) tells of a socket. Zero: unknown.
func Inode(fd int) uint32 {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return 0
	}
	return uint32(st.Ino)
}

// ListenersAt calls f with the inode of each socket that listens at fd's address,
// those of a SO_REUSEPORT group in the order in which they began to listen. It calls
// none if the kernel doesn't tell.
func ListenersAt(fd int, f func(inode uint32)) {
	family, port, source := uint8(0), 0, [16]byte{}
	switch sa, err := unix.Getsockname(fd); sa := sa.(type) {
	case *unix.SockaddrInet4:
		family, port = unix.AF_INET, sa.Port
		copy(source[:], sa.Addr[:])
	case *unix.SockaddrInet6:
		family, port, source = unix.AF_INET6, sa.Port, sa.Addr
	default:
		_ = err
		return
	}
	var inodes []uint32
	dump(socketsOf(family, uint16(port), unix.BPF_TCP_LISTEN), func(m *inetDiagMessage) {
		if m.source == source {
			inodes = append(inodes, m.inode)
		}
	})
	// The kernel tells of its table's rows from their heads. It adds at the head, but
	// sockets of IPv6 with SO_REUSEPORT at the end.
	if family == unix.AF_INET {
		slices.Reverse(inodes)
	}
	for _, inode := range inodes {
		f(inode)
	}
}

// SteerTo has the kernel give new connections to the sockets at places first to
// end of fd's SO_REUSEPORT group, by chance, and go by its hash where there is
// none. The places are in the order of joining; but when one leaves, the last one
// takes its place. It holds for the group until Unsteer, or another program comes.
func SteerTo(fd, first, end int) Errno {
	const randomNumber = 0xffff_f000 + 56 // SKF_AD_OFF + SKF_AD_RANDOM of linux/filter.h
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: randomNumber},
		{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(max(1, end-first))},
		{Code: unix.BPF_ALU | unix.BPF_ADD | unix.BPF_K, K: uint32(first)},
		{Code: unix.BPF_RET | unix.BPF_A},
	}
	return errnoOf(unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}))
}

// Unsteer undoes SteerTo.
func Unsteer(fd int) Errno {
	return errnoOf(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0))
}

// inetDiagMessage is the beginning of what the kernel answers, struct
// inet_diag_msg of linux/inet_diag.h.
type inetDiagMessage struct {
	family, state, timer, retransmits  uint8
	sourcePort, destinationPort        [2]byte
	source, destination                [16]byte
	device                             uint32
	cookie                             [2]uint32
	expires, received, sent, id, inode uint32
}

// dump calls f with what the kernel answers to a request.
func dump(request []byte, f func(*inetDiagMessage)) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return
	}
	defer unix.Close(fd) //nolint:errcheck // nothing is to be written
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return
	}
	var buf [16 << 10]byte
	for {
		n, _, err := unix.Recvfrom(fd, buf[:], 0)
		if err == syscall.EINTR { //nolint:errorlint // package unix wraps none
			continue
		}
		if err != nil {
			return
		}
		for b := buf[:n]; len(b) >= unix.SizeofNlMsghdr; {
			size := int(binary.NativeEndian.Uint32(b)) // nlmsg_len
			if size < unix.SizeofNlMsghdr || size > len(b) {
				return
			}
			switch binary.NativeEndian.Uint16(b[4:]) { // nlmsg_type
			case unix.SOCK_DIAG_BY_FAMILY:
				var m inetDiagMessage
				if size < unix.SizeofNlMsghdr+int(unsafe.Sizeof(m)) {
					return
				}
				copy(unsafe.Slice((*byte)(unsafe.Pointer(&m)), unsafe.Sizeof(m)), b[unix.SizeofNlMsghdr:])
				f(&m)
			case unix.NLMSG_NOOP:
			default: // NLMSG_DONE, NLMSG_ERROR
				return
			}
			b = b[min(len(b), (size+unix.NLMSG_ALIGNTO-1)&^(unix.NLMSG_ALIGNTO-1)):]
		}
	}
}
