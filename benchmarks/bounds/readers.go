package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/load"
)

const (
	readersAllowed = 40 * mebibyte
	// speedAllowed is the least part of its former rate at which another client must be served meanwhile: full speed,
	// less what two runs of wrk differ by on a machine that is not quiet.
	speedAllowed = 0.85
	// readerBuffer and readerSegment are those of a peer behind an Ethernet. With loopback's segments of 64 KiB the
	// kernel would take 2 MiB of each answer for the server, which hides what the server itself would keep, and a
	// thousand such sockets exhaust what the kernel has for TCP (net.ipv4.tcp_mem), which slows down everybody.
	readerBuffer  = 64 << 10
	readerSegment = 1460
	// finishing readers read their answers to the end after all.
	finishing   = 10
	finishLimit = 20 * time.Second

	smallGet = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
	largeGet = "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"
)

func largeArgs(o *options) []string { return []string{"-large-bytes", strconv.Itoa(o.largeBytes)} }

// checkReaders has many peers ask for a large answer and stop after its first bytes. All answers are of one slice, which
// is resident before, so that what grows is what the server keeps for each of them.
func checkReaders(ctx context.Context, b *bench) ([]finding, error) {
	first, err := b.openReader(ctx)
	if err != nil {
		return nil, err
	}
	err = b.finish(first)
	first.conn.Close()
	if err != nil {
		return nil, err
	}
	if _, err := b.rate(ctx); err != nil { // what the server allocates once
		return nil, err
	}
	grown, err := b.watchGrowth()
	if err != nil {
		return nil, err
	}
	var rate, cpu comparison
	for range b.options.rounds {
		alone, err := b.rate(ctx)
		if err != nil {
			return nil, err
		}
		beside, err := b.rateBesideReaders(ctx)
		if err != nil {
			return nil, err
		}
		rate.add(alone.RequestsPerSecond, beside.RequestsPerSecond)
		cpu.add(alone.CPUMicrosPerRequest, beside.CPUMicrosPerRequest)
	}
	memory, err := grown.finding(fmt.Sprintf("%d readers that stopped", b.options.readers), readersAllowed)
	if err != nil {
		return nil, err
	}
	return []finding{memory, {
		what:     fmt.Sprintf("requests/s of another client, %.0f without them", rate.alone()),
		measured: fmt.Sprintf("%.0f, %s", rate.beside(), rate),
		allowed:  fmt.Sprintf("≥ %.2f of that", speedAllowed),
		holds:    rate.ratio() >= speedAllowed,
	}, {
		what:     fmt.Sprintf("CPU µs/request of another client, %.2f without them", cpu.alone()),
		measured: fmt.Sprintf("%.2f, %s", cpu.beside(), cpu),
	}}, nil
}

func (b *bench) rateBesideReaders(ctx context.Context) (*load.Throughput, error) {
	var readers []reader
	defer func() {
		for _, r := range readers {
			r.conn.Close()
		}
	}()
	for i := range b.options.readers {
		r, err := b.openReader(ctx)
		if err != nil {
			return nil, fmt.Errorf("reader %d: %w", i, err)
		}
		readers = append(readers, r)
	}
	time.Sleep(settleTime)
	beside, err := b.rate(ctx)
	if err != nil {
		return nil, err
	}
	for i := range min(finishing, len(readers)) {
		if err := b.finish(readers[i]); err != nil {
			return nil, fmt.Errorf("reader %d could not read its answer to the end: %w", i, err)
		}
	}
	return beside, nil
}

// rate returns how fast another client gets its requests answered.
func (b *bench) rate(ctx context.Context) (*load.Throughput, error) {
	sample, err := load.Wrk{Connections: 64, Depth: 1, Head: smallGet}.Measure(ctx, b.process, b.settings)
	if err != nil {
		return nil, err
	}
	return sample.Throughput, nil
}

// reader is a peer that has read the head of a large answer and nothing that is not in its own buffer.
type reader struct {
	conn   net.Conn
	answer *http.Response
}

func (b *bench) openReader(ctx context.Context) (reader, error) {
	dialer := net.Dialer{Control: limitReader}
	conn, err := dialer.DialContext(ctx, "tcp", b.process.Addr)
	if err != nil {
		return reader{}, err
	}
	conn.SetDeadline(time.Now().Add(finishLimit))
	if _, err := io.WriteString(conn, largeGet); err != nil {
		conn.Close()
		return reader{}, err
	}
	answer, err := http.ReadResponse(bufio.NewReaderSize(conn, 512), nil)
	if err != nil {
		conn.Close()
		return reader{}, err
	}
	return reader{conn, answer}, nil
}

// limitReader sets a socket up before it connects, for segments and window are agreed upon then.
func limitReader(_, _ string, raw syscall.RawConn) error {
	var bufferErr, segmentErr error
	err := raw.Control(func(fd uintptr) {
		bufferErr = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, readerBuffer)
		segmentErr = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, readerSegment)
	})
	return errors.Join(err, bufferErr, segmentErr)
}

// finish reads the answer to its end.
func (b *bench) finish(r reader) error {
	r.conn.SetDeadline(time.Now().Add(finishLimit))
	n, err := io.Copy(io.Discard, r.answer.Body)
	if err == nil && (r.answer.StatusCode != http.StatusOK || n != int64(b.options.largeBytes)) {
		err = fmt.Errorf("%s with %d bytes, want %d", r.answer.Status, n, b.options.largeBytes)
	}
	return err
}
