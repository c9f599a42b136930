package engine_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestChaos: clients and handlers that do anything, and a server that ends in
// the middle of it. What must hold: no client waits for ever, no answer is
// another's, and at the end nothing remains (see comesDown).
func TestChaos(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Dispatch.Loops = 2
		o.Dispatch.IdleWorkers = 4
		o.Timeouts = engine.TimeoutOptions{Head: 30 * time.Millisecond, Body: 30 * time.Millisecond, Write: 50 * time.Millisecond}
		o.KeepAlive.IdleTimeout = 40 * time.Millisecond
		o.Close = engine.CloseOptions{LingerIdle: 20 * time.Millisecond, LingerTotal: 100 * time.Millisecond}
		o.Limits.DiscardBytes = 10_000
		for round := range scale(2, 4, 100) {
			t.Run("", func(t *testing.T) { chaos(t, o, round) })
		}
	})
}

func chaos(t *testing.T, o engine.Options, round int) {
	f := serveOn(t, listenNarrow(t), o, anyhow)
	stop := make(chan struct{})
	done := make(chan []error)
	go func() {
		done <- each(40, 40, func(i int) error {
			random := rand.New(rand.NewPCG(uint64(round), uint64(i)))
			for {
				select {
				case <-stop:
					return nil
				default:
				}
				if err := somehow(f.addr, random); err != nil {
					return err
				}
			}
		})
	}()
	time.Sleep(150 * time.Millisecond)
	limit := []time.Duration{patience, 5 * time.Millisecond}[round%2]
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	if err := f.Shutdown(ctx); err != nil && limit == patience {
		t.Errorf("Shutdown: %v", err)
	}
	cancel()
	close(stop)
	for _, err := range <-done {
		t.Error(err)
	}
}

// anyhow is a handler that does what its query says. Its content begins with
// the query, so that the client can tell whose answer it is.
func anyhow(w *engine.Response, r *engine.Request) {
	q := string(r.Query())
	has := func(c string) bool { return strings.Contains(q, c) }
	if has("c") {
		_ = r.Context()
	}
	if has("s") {
		time.Sleep(2 * time.Millisecond)
	}
	if has("r") {
		_, _ = r.ReadAll()
	} else if has("b") {
		_, _ = r.Body().Read(make([]byte, 100))
	}
	_, _ = w.WriteString(q + ";")
	if has("f") {
		_ = w.Flush()
	}
	if has("l") {
		_, _ = w.Write(make([]byte, 300_000))
	}
	switch {
	case has("p"):
		panic(engine.ErrAbort)
	case has("g"):
		runtime.Goexit()
	case has("z"):
		_ = w.SetHeader("Connection", "close")
	}
}

// somehow makes some requests on one connection in some way. An error is what
// must not be.
func somehow(addr string, random *rand.Rand) error {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil // it has been shut down
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	pick := func(n int) bool { return random.IntN(n) == 0 }
	var queries []string
	var b strings.Builder
	for i := range 1 + random.IntN(5) {
		q := fmt.Sprintf("%d-%d-", i, random.Uint32())
		for _, letter := range "csrbflpgz" {
			if pick(4) && (letter < 'n' || pick(3)) {
				q += string(letter)
			}
		}
		queries = append(queries, q)
		if pick(2) {
			n := random.IntN(30_000)
			b.WriteString(post("/?"+q, n) + strings.Repeat("x", n))
		} else {
			b.WriteString("GET /?" + q + " HTTP/1.1\r\nHost: a\r\n\r\n")
		}
	}
	sent := b.String()
	if pick(4) {
		sent = sent[:random.IntN(len(sent))]
	}
	if pick(5) {
		sent += "garbage\r\n\r\n"
	}
	random = rand.New(rand.NewPCG(random.Uint64(), 0)) // that goroutine's own
	go func() {
		for s := sent; s != ""; {
			n := 1 + random.IntN(len(s))
			if _, err := io.WriteString(c, s[:n]); err != nil {
				return
			}
			s = s[n:]
		}
		if random.IntN(3) == 0 {
			_ = c.(*net.TCPConn).CloseWrite()
		}
	}()
	return readAnswers(c.(*net.TCPConn), queries, len(sent)%7)
}

// readAnswers reads them in one of several ways.
func readAnswers(c *net.TCPConn, queries []string, way int) error {
	switch way {
	case 0:
		return nil // it goes at once
	case 1:
		time.Sleep(5 * time.Millisecond)
		_ = c.SetLinger(0)
		return nil
	case 2:
		time.Sleep(60 * time.Millisecond) // longer than the write timeout
	}
	all, err := io.ReadAll(c)
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		return fmt.Errorf("waited for ever for the answers to %q, after %.300q", queries, all)
	}
	rest := string(all)
	for _, q := range queries {
		pieces := strings.SplitAfter(rest, "HTTP/1.1 ")
		if len(pieces) < 2 {
			break
		}
		switch answer := pieces[1]; {
		case strings.HasPrefix(answer, "200"):
			if _, content, ok := strings.Cut(answer, "\r\n\r\n"); ok && strings.Contains(content, ";") && !strings.Contains(content, q+";") {
				return fmt.Errorf("got %.300q, want the answer to %q of %q", answer, q, queries)
			}
			_, rest, _ = strings.Cut(rest, q+";")
		case strings.HasPrefix(answer, "500"):
			_, rest, _ = strings.Cut(rest, "HTTP/1.1 500")
		}
	}
	return nil
}
