package engine_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestHijackLosesNothing: however requests, the hijacking one's body and what
// follows are cut up on their way, and however slow the handler is, whoever takes
// the connection reads what is unread of them, once.
func TestHijackLosesNothing(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Dispatch.Loops = 2
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			var before, read, slow, after int
			if n, _ := fmt.Sscanf(string(r.Target()), "/hijack/%d/%d/%d", &read, &slow, &after); n != 3 {
				if n, _ := fmt.Sscanf(string(r.Target()), "/%d", &before); n == 1 && before%3 == 0 {
					time.Sleep(2 * time.Millisecond)
				}
				hello(w, r)
				return
			}
			if _, err := io.ReadFull(r.Body(), make([]byte, read)); err != nil {
				t.Errorf("body: %v", err)
			}
			time.Sleep(time.Duration(slow) * time.Millisecond)
			c := takes(t, w)
			if after%2 == 0 {
				go echo(c)
				return
			}
			defer c.Close()
			time.Sleep(time.Duration(after) * time.Millisecond)
			_, _ = c.(io.WriterTo).WriteTo(struct{ io.Writer }{c})
		})
		var peers sync.WaitGroup
		for i := range scale(40, 200, 1000) {
			rnd := rand.New(rand.NewPCG(uint64(i), 5))
			peers.Add(1)
			go func() {
				defer peers.Done()
				hijackInPieces(t, f.addr, rnd)
			}()
			if i%16 == 15 {
				peers.Wait()
			}
		}
		peers.Wait()
		f.booksAgree(0)
	})
}

func hijackInPieces(t *testing.T, addr string, rnd *rand.Rand) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(patience))
	var b strings.Builder
	before := rnd.IntN(5)
	for i := range before {
		fmt.Fprintf(&b, "GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", i)
	}
	rest := make([]byte, []int{0, 1, 100, 20 << 10, 200 << 10}[rnd.IntN(5)])
	for i := range rest {
		rest[i] = byte(rnd.Uint32())
	}
	body := make([]byte, rnd.IntN(2)*rnd.IntN(5000))
	read := 0
	if len(body) > 0 {
		read = rnd.IntN(len(body) + 1)
	}
	fmt.Fprintf(&b, "POST /hijack/%d/%d/%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", read, rnd.IntN(2)*rnd.IntN(4), rnd.IntN(4), len(body))
	for i := range body {
		body[i] = byte('a' + i%26)
	}
	b.Write(body)
	b.Write(rest)
	want := append(body[read:len(body):len(body)], rest...)
	go func() {
		for out := []byte(b.String()); len(out) > 0; {
			n := min(len(out), 1+rnd.IntN([]int{20, 1000, 100000}[rnd.IntN(3)]))
			if len(out) > 4000 {
				n = max(n, min(len(out), 4000))
			}
			if _, err := nc.Write(out[:n]); err != nil {
				t.Error(err)
				return
			}
			out = out[n:]
			if rnd.IntN(4) == 0 {
				time.Sleep(time.Duration(rnd.IntN(2)) * time.Millisecond)
			}
		}
		_ = nc.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(nc)
	if err != nil {
		t.Error(err)
		return
	}
	for range before {
		_, got, _ = bytes.Cut(got, []byte("\r\n\r\nhello"))
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes came back, want %d: %.100q, want %.100q", len(got), len(want), got, want)
	}
}
