package load

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/procfs"
)

// Upload is a load of large bodies, one after the other on each connection. The handler reads them and answers with the
// number of their bytes.
type Upload struct {
	Clients int
	Path    string
	Bytes   int64
}

// pieceBytes are sent in one call.
const pieceBytes = 256 << 10

// uploadLimit is the time for one body: with all of them under way, each gets a small part of the server.
const uploadLimit = 60 * time.Second

// Measure implements Load. A body that is begun is sent to its end, so that the run lasts somewhat longer than it should.
func (l Upload) Measure(ctx context.Context, p *fleet.Process, s Settings) (Sample, error) {
	piece := make([]byte, pieceBytes)
	o := &own{clients: l.Clients}
	o.work = func(ctx context.Context, _ int, end time.Time) error {
		conn, err := dial(ctx, p)
		if err != nil {
			return err
		}
		defer conn.Close()
		for first := true; first || time.Now().Before(end); first = false {
			if err := l.one(ctx, conn, piece); err != nil {
				return err
			}
			o.done.Add(l.Bytes)
		}
		return nil
	}
	if err := procfs.ResetPeak(p.Pid); err != nil {
		return Sample{}, err
	}
	s.WarmUp = 0 // the bodies are long enough
	t, err := o.measure(ctx, p, s, l.Bytes)
	if err != nil {
		return Sample{}, err
	}
	t.PeakRSSBytes, err = procfs.PeakRSSBytes(p.Pid)
	return Sample{Throughput: t}, err
}

func (l Upload) one(ctx context.Context, conn net.Conn, piece []byte) error {
	conn.SetDeadline(time.Now().Add(uploadLimit))
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost:8080\r\nContent-Type: application/octet-stream\r\n"+
		"Content-Length: %d\r\n\r\n", l.Path, l.Bytes)
	if _, err := conn.Write([]byte(head)); err != nil {
		return err
	}
	for left := l.Bytes; left > 0; left -= int64(len(piece)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := conn.Write(piece[:min(left, int64(len(piece)))]); err != nil {
			return err
		}
	}
	closing, err := verifyAnswer(bufio.NewReader(conn), Answer{Body: strconv.FormatInt(l.Bytes, 10)})
	if err == nil && closing {
		return fmt.Errorf("%s ends the connection after an upload", l.Path)
	}
	return err
}
