//go:build linux || darwin || freebsd

package netpoll_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// narrowBytes is what each side's socket may hold, so that an answer has to wait.
const narrowBytes = 16 << 10

// narrow is a Control function of net's.
func narrow(option int) func(string, string, syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) (err error) {
		told := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, option, narrowBytes) })
		if told != nil {
			return told
		}
		return err
	}
}

// TestHalfClosedWhileSending: a peer that ends its side while its answer waits for
// room gets every byte of it once.
func TestHalfClosedWhileSending(t *testing.T) {
	const pieceBytes, atOnce = 64 << 10, 20
	rounds := 200
	if testing.Short() {
		rounds = 40
	}
	content := make([]byte, 4<<20)
	rand.NewChaCha8([32]byte{}).Read(content) // no piece of it is like another
	written := make([]atomic.Int64, rounds)   // by the handler
	lc := net.ListenConfig{Control: narrow(syscall.SO_SNDBUF)}
	ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, addr := serveOn(t, ln, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		round, _ := strconv.Atoi(string(r.Path()[1:]))
		_ = w.SetContentLength(int64(len(content)))
		written[round].Add(1) // it has begun
		for at := 0; at < len(content); at += pieceBytes {
			if _, err := w.Write(content[at : at+pieceBytes]); err != nil {
				t.Errorf("%d: at %d: %v", round, at, err)
				return
			}
			written[round].Add(pieceBytes)
		}
	})
	var wg sync.WaitGroup
	turns := make(chan struct{}, atOnce)
	for round := range rounds {
		wg.Add(1)
		turns <- struct{}{}
		go func() {
			defer wg.Done()
			defer func() { <-turns }()
			got, err := endThenRead(addr, round, &written[round])
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d: %d bytes of %d, %v", round, len(got), len(content), err)
			}
		}()
	}
	wg.Wait()
}

// endThenRead sends a request, ends its side when the answer doesn't get on, and
// reads.
func endThenRead(addr string, round int, written *atomic.Int64) ([]byte, error) {
	d := net.Dialer{Control: narrow(syscall.SO_RCVBUF)}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(c, "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", round); err != nil {
		return nil, err
	}
	const settled = 10 * time.Millisecond
	last, since := int64(-1), time.Now()
	if !within(func() bool {
		if now := written.Load(); now != last {
			last, since = now, time.Now()
		}
		return last > 0 && time.Since(since) >= settled
	}) {
		return nil, fmt.Errorf("the answer has not begun, or does not wait: %d", last)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(slow{c}, 4<<10), nil)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(resp.Body)
}

// slow reads a little at a time, and lets others go on.
type slow struct{ net.Conn }

func (s slow) Read(p []byte) (int, error) {
	runtime.Gosched()
	return s.Conn.Read(p[:min(len(p), 8<<10)])
}
