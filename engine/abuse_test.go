package engine_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// TestGarbage: whatever bytes come, the connection ends with at most an answer
// that refuses them, and the others are served.
func TestGarbage(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Timeouts.Head = 50 * time.Millisecond
		o.Close.LingerIdle = 50 * time.Millisecond
		f := serve(t, o, hello)
		good := f.dial()
		random := rand.New(rand.NewPCG(1, 2))
		for i := range 200 {
			c := f.dial()
			b := make([]byte, 1+random.IntN(3000))
			for k := range b {
				b[k] = byte(random.Uint32())
				if i%2 == 0 {
					b[k] = "GET /\r\n: HTTP/1.\x00\t"[int(b[k])%18]
				}
			}
			_, _ = c.Write(b)
			if i%3 == 0 {
				c.closeWrite()
			}
			s, _ := c.rest()
			if s != "" && !strings.HasPrefix(s, "HTTP/1.1 4") && !strings.HasPrefix(s, "HTTP/1.1 5") {
				t.Fatalf("to %.100q: %q", b, s)
			}
			_ = c.Close()
		}
		good.get("/")
		good.wants(200, "hello")
		f.booksAgree(1)
	})
}

// TestTruncated: a request that ends anywhere, by an end or by a reset.
func TestTruncated(t *testing.T) {
	request := post("/", 30) + strings.Repeat("b", 30)
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if _, err := r.ReadAll(); err != nil {
				_ = w.SetStatus(400)
			}
		})
		for n := range request {
			c := f.dial()
			c.send("%s", request[:n])
			if n%2 == 0 {
				c.reset()
				continue
			}
			c.closeWrite()
			if s, err := c.rest(); err != nil || !strings.HasPrefix(s, "HTTP/1.1 400 ") {
				t.Fatalf("cut at %d: %q, %v", n, s, err)
			}
			_ = c.Close()
		}
		f.booksAgree(0)
		s := f.Stats()
		if n := s.Closed[conn.ReasonPeerReset]; n < int64(len(request)/2-1) { // a reset before the accept may be none at all
			t.Errorf("%d ended by a reset, of %d", n, len(request)/2)
		}
	})
}

// TestResetInAnswer: the peer goes away while its answer is being written.
func TestResetInAnswer(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		errs := make(chan error, 100)
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			piece := make([]byte, 64<<10)
			for {
				if _, err := w.Write(piece); err != nil {
					errs <- err
					return
				}
			}
		})
		for range 20 {
			c := f.dial()
			c.get("/")
			if _, err := io.ReadFull(c, make([]byte, 100_000)); err != nil {
				t.Fatal(err)
			}
			c.reset()
		}
		for range 20 {
			select {
			case err := <-errs:
				if err != engine.ErrClosed {
					t.Fatalf("Write: %v", err)
				}
			case <-time.After(patience):
				t.Fatal("a handler still writes")
			}
		}
		f.booksAgree(0)
		if n := f.Stats().Closed[conn.ReasonPeerReset]; n != 20 {
			t.Errorf("closed by reason: %v", f.Stats().Closed)
		}
	})
}

// talk has one connection served in bounded time, and waits until it is closed.
func talk(t *testing.T, addr string) {
	t.Helper()
	c := dial(t, "tcp", addr)
	c.get("/")
	c.wants(200, "hello")
	c.reset()
}

// TestOneByteAtATime: a slow peer is served like any other.
func TestOneByteAtATime(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		c := serve(t, o, func(w *engine.Response, r *engine.Request) {
			b, err := r.ReadAll()
			_, _ = fmt.Fprintf(w, "%s %v", b, err)
		}).dial()
		requests := post("/", 5) + "abcde" + "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\nX: y\r\n\r\n"
		for i := range requests {
			c.send("%s", requests[i:i+1])
			if i%16 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		c.wants(200, "abcde <nil>")
		c.wants(200, "abcde <nil>")
	})
}

// TestTimeouts: each kind of waiting ends, with the status that tells why.
func TestTimeouts(t *testing.T) {
	const limit = 60 * time.Millisecond
	for _, c := range []struct {
		name, send, want string
		set              func(o *engine.Options)
		reason           conn.Reason
	}{
		{"idle", "", "", func(o *engine.Options) { o.KeepAlive.IdleTimeout = limit }, conn.ReasonIdle},
		{"idle after an answer", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200", func(o *engine.Options) { o.KeepAlive.IdleTimeout = limit }, conn.ReasonIdle},
		{"head", "GET / HT", "HTTP/1.1 408", func(o *engine.Options) { o.Timeouts.Head = limit }, conn.ReasonHeadTimeout},
		{"body", post("/", 10) + "abc", "HTTP/1.1 408", func(o *engine.Options) { o.Timeouts.Body = limit }, conn.ReasonBodyTimeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			inModes(t, func(t *testing.T, o engine.Options) {
				c.set(&o)
				f := serve(t, o, func(w *engine.Response, r *engine.Request) {
					if _, err := r.ReadAll(); err == engine.ErrBodyTimeout {
						_ = w.SetStatus(408)
					}
				})
				start := time.Now() // not after the accept
				peer := f.dial()
				peer.send("%s", c.send)
				s, err := peer.rest()
				if err != nil || !strings.HasPrefix(s, c.want) || c.want == "" && s != "" {
					t.Errorf("got %q, %v", s, err)
				}
				if d := time.Since(start); d < limit-10*time.Millisecond {
					t.Errorf("after %v", d)
				}
				_ = peer.Close()
				f.booksAgree(0)
				if f.Stats().Closed[c.reason] != 1 {
					t.Errorf("closed by reason: %v", f.Stats().Closed)
				}
			})
		})
	}
}
