package engine

import (
	"net"
	"syscall"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
	"github.com/pollard-go/pollard/engine/internal/sock"
)

// rawSockets says that the functions below work.
const rawSockets = true

func rawReceive(fd int, p []byte) (int, syscall.Errno) { return sock.Recv(fd, p) }

// rawEnded tells whether the peer has ended its side, or broken the connection.
func rawEnded(fd uintptr) bool { return sock.Ended(int(fd)) }

func rawSend(fd int, out *conn.Output) (int, syscall.Errno) {
	if len(out.Body)+len(out.Tail) > 0 {
		return sock.Send3(fd, out.Head, out.Body, out.Tail)
	}
	return sock.Send(fd, out.Head, out.File > 0)
}

// unacknowledged is what carrier.Conn's method returns for a socket; none for what
// is no TCP socket.
func unacknowledged(nc net.Conn) (n int64, err error) {
	t, ok := nc.(*net.TCPConn)
	if !ok {
		return 0, nil
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return 0, err
	}
	var errno syscall.Errno
	if err := raw.Control(func(fd uintptr) { n, errno = sock.Unacknowledged(int(fd)) }); err != nil {
		return 0, err
	}
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}

func rawSendFile(fd int, f carrier.File, offset int64, n int) (int, syscall.Errno) {
	return sock.SendFile(fd, int(f.Fd()), &offset, n)
}
