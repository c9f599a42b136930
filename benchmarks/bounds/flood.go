package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

const (
	floodAllowed = 2 * mebibyte
	// stuckTime without progress means that the server takes no more; it must be less than its time-out of writing.
	stuckTime  = 2 * time.Second
	floodLimit = 2 * time.Minute
	statusLine = "HTTP/1.1 200 OK\r\n"
)

// checkFlood pipelines requests without reading any answer. The server must stop taking them when it can't get rid of
// its answers; when the peer reads after all, each request must be answered.
func checkFlood(ctx context.Context, b *bench) ([]finding, error) {
	if _, err := b.rate(ctx); err != nil { // what the server allocates once
		return nil, err
	}
	grown, err := b.watchGrowth()
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	dialed, err := dialer.DialContext(ctx, "tcp", b.process.Addr)
	if err != nil {
		return nil, err
	}
	conn := dialed.(*net.TCPConn)
	defer conn.Close()
	requests := b.options.floodBytes / int64(len(smallGet))
	pending := &repeated{unit: []byte(smallGet), left: requests * int64(len(smallGet))}
	if err := pending.writeUntilStuck(conn); err != nil {
		return nil, err
	}
	memory, err := grown.finding(fmt.Sprintf("%.1f of %d MiB pipelined, nothing read",
		float64(requests*int64(len(smallGet))-pending.left)/mebibyte, b.options.floodBytes/mebibyte), floodAllowed)
	if err != nil {
		return nil, err
	}

	conn.SetDeadline(time.Now().Add(floodLimit))
	written := make(chan error, 1)
	go func() {
		err := pending.write(conn)
		conn.CloseWrite()
		written <- err
	}()
	answers, err := countAnswers(conn)
	if err != nil {
		return nil, err
	}
	if err := <-written; err != nil {
		return nil, err
	}
	return []finding{memory, {
		what: "answers in the end", measured: fmt.Sprint(answers), allowed: fmt.Sprint(requests), holds: answers == requests,
	}}, nil
}

// repeated is what is left of many copies of a unit.
type repeated struct {
	unit  []byte
	block []byte // a whole number of units
	left  int64
	phase int // bytes of the block's beginning that have been written
}

const blockUnits = 1000

// write writes until nothing is left.
func (p *repeated) write(conn net.Conn) error {
	if p.block == nil {
		p.block = bytes.Repeat(p.unit, blockUnits)
	}
	for p.left > 0 {
		n, err := conn.Write(p.block[p.phase:min(int64(len(p.block)), int64(p.phase)+p.left)])
		p.left -= int64(n)
		p.phase = (p.phase + n) % len(p.block)
		if err != nil {
			return err
		}
	}
	return nil
}

// writeUntilStuck writes until nothing is left or nothing has been taken for stuckTime.
func (p *repeated) writeUntilStuck(conn net.Conn) error {
	for {
		left := p.left
		conn.SetWriteDeadline(time.Now().Add(stuckTime))
		err := p.write(conn)
		if err == nil || errors.Is(err, os.ErrDeadlineExceeded) && p.left == left {
			return nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
}

// countAnswers reads to the end. A body has no newline of its own, so that the next status line follows it in the same line.
func countAnswers(conn io.Reader) (answers int64, err error) {
	lines := bufio.NewReaderSize(conn, 256<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if strings.HasSuffix(string(line), statusLine) {
			answers++
		}
		if errors.Is(err, io.EOF) {
			return answers, nil
		}
		if err != nil {
			return answers, fmt.Errorf("after %d answers: %w", answers, err)
		}
	}
}
