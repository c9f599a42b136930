package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
)

// Download is a load of large answers, one after the other on each connection. The client has the kernel throw the bytes
// away (MSG_TRUNC of tcp(7)), so that it is the server that is measured rather than the copying of the client.
type Download struct {
	Connections int
	Path        string
	Bytes       int64
}

// discardBytes are thrown away at most in one call.
const discardBytes = 1 << 20

// Measure implements Load.
func (l Download) Measure(ctx context.Context, p *fleet.Process, s Settings) (Sample, error) {
	o := &own{clients: l.Connections}
	o.work = func(ctx context.Context, _ int, end time.Time) error {
		conn, err := dial(ctx, p)
		if err != nil {
			return err
		}
		defer conn.Close()
		for time.Now().Before(end) {
			if err := l.one(ctx, conn.(*net.TCPConn), end, o); err != nil {
				return err
			}
		}
		return nil
	}
	t, err := o.measure(ctx, p, s, l.Bytes)
	return Sample{Throughput: t}, err
}

// one asks for the file and counts its bytes, until it is complete or the time is over.
func (l Download) one(ctx context.Context, conn *net.TCPConn, end time.Time, o *own) error {
	conn.SetDeadline(end.Add(answerLimit))
	if _, err := conn.Write([]byte(getOf(l.Path))); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK || answer.ContentLength != l.Bytes {
		return fmt.Errorf("status %s, Content-Length %d", answer.Status, answer.ContentLength)
	}
	left := l.Bytes - int64(in.Buffered())
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	for left > 0 && time.Now().Before(end) && ctx.Err() == nil {
		n, err := discard(raw, min(left, discardBytes))
		if err != nil {
			return err
		}
		left -= n
		o.done.Add(n)
	}
	return nil
}

func discard(raw syscall.RawConn, most int64) (n int64, err error) {
	waitErr := raw.Read(func(fd uintptr) bool {
		// With MSG_TRUNC nothing is written through the pointer, which may therefore be nil.
		r, _, e := syscall.Syscall6(syscall.SYS_RECVFROM, fd, 0, uintptr(most), syscall.MSG_TRUNC, 0, 0)
		switch {
		case e == syscall.EAGAIN || e == syscall.EINTR:
			return false
		case e != 0:
			err = e
		case r == 0:
			err = errors.New("the answer ended before its length")
		}
		n = int64(r)
		return true
	})
	return n, errors.Join(waitErr, err)
}
