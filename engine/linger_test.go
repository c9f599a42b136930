package engine_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestUnreadBodyIsAnswered: clients that read only when they have sent all get
// the whole answer, although nobody reads what they send. Closing the socket
// with data unread would have their system throw the answer away.
func TestUnreadBodyIsAnswered(t *testing.T) {
	n := scale(20, 60, 1000)
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, hello)
		failed := each(n, 50, func(int) error { return sendThenRead(f.addr, 10<<20) })
		for _, err := range failed[:min(len(failed), 5)] {
			t.Error(err)
		}
		if len(failed) > 0 {
			t.Errorf("%d of %d got the whole answer", n-len(failed), n)
		}
		f.booksAgree(0)
		if s := f.Stats(); s.Requests != int64(n) {
			t.Errorf("%d requests", s.Requests)
		}
	})
}

func sendThenRead(addr string, length int) error {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * patience))
	if _, err := fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", length); err != nil {
		return err
	}
	piece := make([]byte, 256<<10)
	for sent := 0; sent < length; sent += len(piece) {
		if _, err := c.Write(piece[:min(len(piece), length-sent)]); err != nil {
			return fmt.Errorf("after %d bytes: %w", sent, err)
		}
	}
	b, err := io.ReadAll(c)
	if s := string(b); err == nil && (!strings.HasPrefix(s, "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(s, "\r\n\r\nhello")) {
		err = fmt.Errorf("answer %q", s)
	}
	return err
}

// each calls f n times, at most so many at once, and returns the errors.
func each(n, atOnce int, f func(i int) error) (failed []error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	next := make(chan int)
	for range min(n, atOnce) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				if err := f(i); err != nil {
					mu.Lock()
					failed = append(failed, fmt.Errorf("client %d: %w", i, err))
					mu.Unlock()
				}
			}
		}()
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	return failed
}

// TestLingerEnds: a peer that neither ends nor sends is not waited for for
// ever, nor is one that goes on sending.
func TestLingerEnds(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Close.LingerIdle, o.Close.LingerTotal = 300*time.Millisecond, 900*time.Millisecond
		f := serve(t, o, hello)
		silent := f.dial()
		silent.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9\r\n\r\n1")
		silent.wants(200, "hello")
		f.booksAgree(0)

		for { // on a slow machine a busy peer may be none
			lasted, gap := f.dial().sendsOn()
			if lasted >= 2*o.Close.LingerIdle {
				break
			}
			if gap < o.Close.LingerIdle/2 {
				t.Fatalf("ended after %v, while input came", lasted)
			}
		}
	})
}

// sendsOn sends after an answer that said close, until that fails. It returns for
// how long, and for how long at most nothing was sent.
func (c *client) sendsOn() (lasted, gap time.Duration) {
	c.t.Helper()
	c.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 99999999999\r\n\r\n")
	start := time.Now()
	for last, err := start, error(nil); err == nil; time.Sleep(5 * time.Millisecond) {
		_, err = c.Write(make([]byte, 100))
		now := time.Now()
		lasted, gap, last = now.Sub(start), max(gap, now.Sub(last)), now
		if lasted > patience {
			c.t.Fatal("it lingers still")
		}
	}
	return lasted, gap
}

// TestHalfClose: that the peer has ended its side is no reason not to answer.
func TestHalfClose(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			time.Sleep(20 * time.Millisecond)
			if r.Context().Err() != nil {
				_ = w.SetStatus(500)
			}
			b, err := r.ReadAll()
			_, _ = fmt.Fprintf(w, "%d %v", len(b), err)
		})
		cs := make([]*client, 5)
		for i := range cs {
			cs[i] = f.dial()
			cs[i].send("%sabcGET / HTTP/1.1\r\nHost: a\r\n\r\n", post("/", 3))
			cs[i].closeWrite()
		}
		for _, c := range cs {
			c.wants(200, "3 <nil>")
			c.wants(200, "0 <nil>")
			c.ended()
		}
	})
}
