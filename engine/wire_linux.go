package engine

import (
	"os"
	"syscall"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/sock"
)

// rawSockets says that the functions below work.
const rawSockets = true

func rawReceive(fd int, p []byte) (int, syscall.Errno) { return sock.Recv(fd, p) }

func rawSend(fd int, out *conn.Output) (int, syscall.Errno) {
	if len(out.Body)+len(out.Tail) > 0 {
		return sock.Send3(fd, out.Head, out.Body, out.Tail)
	}
	return sock.Send(fd, out.Head, out.File > 0)
}

func rawSendFile(fd int, f *os.File, offset int64, n int) (int, syscall.Errno) {
	return sock.SendFile(fd, int(f.Fd()), &offset, n)
}
