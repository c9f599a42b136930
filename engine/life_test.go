package engine_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// Each option of a connection's life on real sockets. Where exactly each limit
// lies is shown by the transcripts of conn, whose clock is exact.

// endedFor waits until a connection has ended for the reason.
func (f *fixture) endedFor(r conn.Reason) {
	f.t.Helper()
	if !within(patience, func() bool { return f.Stats().Closed[r] > 0 }) {
		f.t.Errorf("no connection ended for %q: %v", r, f.Stats().Closed)
	}
}

// TestMaxAge: an old connection is told with its next answer, not before.
func TestMaxAge(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		const age = 300 * time.Millisecond
		o.KeepAlive.MaxAge, o.KeepAlive.Jitter = age, -1
		f := serve(t, o, hello)
		c := (*client)(nil)
		for try := 1; c == nil; try++ {
			began := time.Now()
			young := f.dial()
			young.get("/")
			switch a := young.wants(200, "hello"); {
			case !a.Close:
				c = young
			case time.Since(began) < age || try == 20:
				t.Fatal("the first answer is the last")
			default: // the machine was slow
				_ = young.Close()
				f.booksAgree(0)
			}
		}
		before := f.Stats().Closed[conn.ReasonAge]
		time.Sleep(age + age/2)
		if n := f.Stats().Open; n != 1 {
			t.Fatalf("%d open: an idle connection was ended for its age", n)
		}
		c.get("/")
		if a := c.wants(200, "hello"); !a.Close {
			t.Error("the answer does not say that it is the last")
		}
		c.ended()
		_ = c.Close()
		if !within(patience, func() bool { return f.Stats().Closed[conn.ReasonAge] > before }) {
			t.Errorf("closed by reason %v", f.Stats().Closed)
		}
	})
}

// TestNoMaxAge: without a limit a connection may grow old.
func TestNoMaxAge(t *testing.T) {
	o := engine.Options{}
	o.KeepAlive.MaxAge = -1
	f := serve(t, o, hello)
	c := f.dial()
	for range 2 {
		c.get("/")
		if a := c.wants(200, "hello"); a.Close {
			t.Error("the answer says that it is the last")
		}
	}
}

// TestJitter: connections draw limits of their own, and Keep-Alive tells them.
func TestJitter(t *testing.T) {
	const most, jitter = 10, 50
	o := engine.Options{}
	o.KeepAlive.MaxRequests, o.KeepAlive.Jitter, o.KeepAlive.Announce = most, jitter, true
	f := serve(t, o, hello)
	seen := make(map[int]bool)
	for range 60 {
		c := f.dial()
		limit, n := 0, 0
		for {
			c.get("/")
			n++
			a := c.wants(200, "hello")
			if a.Close {
				break
			}
			left := 0
			if _, err := fmt.Sscanf(a.Header.Get("Keep-Alive"), "timeout=75, max=%d", &left); err != nil {
				t.Fatalf("Keep-Alive: %q", a.Header.Get("Keep-Alive"))
			}
			if limit != 0 && limit != n+left {
				t.Fatalf("answer %d tells max=%d, and %d were told", n, left, limit)
			}
			limit = n + left
		}
		if n != limit || n > most || n < most*(100-jitter)/100 {
			t.Fatalf("%d requests, %d were told", n, limit)
		}
		seen[n] = true
		c.ended()
		_ = c.Close()
	}
	if len(seen) < 3 {
		t.Errorf("all drew the same: %v", seen)
	}
}

// TestReadRate: a body that drips is answered with 408, long before any timeout.
func TestReadRate(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Timeouts.ReadRate, o.Timeouts.RateGrace = 1000, 200*time.Millisecond
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if _, err := io.Copy(io.Discard, r.Body()); errors.Is(err, engine.ErrBodyTimeout) {
				_ = w.SetStatus(408)
			}
		})
		began := time.Now() // not after the accept
		c := f.dial()
		c.send("%s", post("/", 1_000_000))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 10_000 {
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond) // 200 bytes a second
			}
		}()
		if a := c.wants(408, ""); !a.Close {
			t.Error("the answer does not say that it is the last")
		}
		if d := time.Since(began); d < 200*time.Millisecond {
			t.Errorf("cut after %v", d)
		}
		_ = c.Close()
		<-done
		f.endedFor(conn.ReasonBodyRate)
	})
}

// TestWriteRate: a peer that reads a little now and then is reset.
func TestWriteRate(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Timeouts.WriteRate, o.Timeouts.RateGrace = 1<<30, 200*time.Millisecond
		failed := make(chan error, 1)
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			piece := make([]byte, 64<<10)
			for {
				if _, err := w.Write(piece); err != nil {
					failed <- err
					return
				}
			}
		})
		c := f.dial().slow()
		c.get("/")
		stop := make(chan struct{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			for b := make([]byte, 100); ; {
				if _, err := c.Read(b); err != nil {
					return
				}
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		}()
		select {
		case err := <-failed:
			if !errors.Is(err, engine.ErrClosed) {
				t.Errorf("Write: %v", err)
			}
		case <-time.After(patience):
			t.Error("the handler still writes")
		}
		close(stop)
		<-done
		_ = c.Close()
		f.endedFor(conn.ReasonWriteRate)
	})
}

// TestReceive: a request that takes too long as a whole, although it never stops.
func TestReceive(t *testing.T) {
	o := engine.Options{}
	o.Timeouts.Receive, o.Timeouts.ReadRate = 300*time.Millisecond, -1
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		if _, err := r.ReadAll(); errors.Is(err, engine.ErrBodyTimeout) {
			_ = w.SetStatus(408)
		}
	})
	for _, request := range []string{post("/", 100_000), "GET / HTTP/1.1\r\nHost: a\r\nX-Long: "} {
		c := f.dial()
		c.send("%s", request)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 10_000 {
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		}()
		if a := c.answer(); a.StatusCode != 408 || !a.Close {
			t.Errorf("%s", a.Status)
		}
		_ = c.Close()
		<-done
	}
	if !within(patience, func() bool { return f.Stats().Closed[conn.ReasonReceiveTimeout] == 2 }) {
		t.Errorf("closed by reason: %v", f.Stats().Closed)
	}
}

// TestPipelined: not more than so many answers are gathered. How many have left
// is seen from what lies in the client's socket while the next handler runs.
func TestPipelined(t *testing.T) {
	const requests = 20
	for limit, want := range map[int]int{1: 0, 3: 2, requests: requests - 1, requests + 1: requests - 1, -1: requests - 1} {
		o := engine.Options{}
		o.Dispatch.Mode = engine.ModeInline
		o.Limits.Pipelined = limit
		fds, waiting := make(chan int, 1), make(chan int, requests)
		fd := 0
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if r.Transaction() == 1 {
				fd = <-fds
			}
			b := make([]byte, 1<<16)
			left := 0
			within(time.Second, func() bool { // the loopback may deliver late
				n, _, _ := syscall.Recvfrom(fd, b, syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
				left = r.Transaction() - 1 - strings.Count(string(b[:max(n, 0)]), "HTTP/1.1 200 ")
				return left <= want
			})
			waiting <- left
			hello(w, r)
		})
		most := 0
		for range 50 { // on a busy machine handlers look slow, and answers are then sent at once
			c := f.dial()
			fds <- c.descriptor()
			c.send("%s", strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", requests))
			for range requests {
				most = max(most, <-waiting)
			}
			for range requests {
				c.wants(200, "hello")
			}
			_ = c.Close()
			if most >= want {
				break
			}
		}
		if most != want {
			t.Errorf("limit %d: %d answers were gathered before the next request, not %d", limit, most, want)
		}
	}
}

// TestLongUpload: unless told otherwise, whoever sends 100 MB before it reads
// gets the answer that was ready after the head.
func TestLongUpload(t *testing.T) {
	f := serve(t, engine.Options{}, hello)
	if err := sendThenRead(f.addr, scale(20, 100, 400)<<20); err != nil {
		t.Error(err)
	}
}

// TestLingerBytes: a peer that goes on sending behind its last answer is not
// read from for ever; and one that only reads when it has sent all gets it.
func TestLingerBytes(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		const budget = 8 << 20
		o.Close.LingerBytes = budget
		f := serve(t, o, hello)
		if err := sendThenRead(f.addr, budget); err != nil {
			t.Errorf("%d bytes: %v", budget, err)
		}
		if err := sendThenRead(f.addr, 4*budget+64<<20); err == nil {
			t.Error("all was discarded, far above the limit")
		}
		f.booksAgree(0)
	})
}

// TestResetEnds: an end may be chosen to be a reset.
func TestResetEnds(t *testing.T) {
	o := engine.Options{}
	o.Close.Reset = conn.ReasonsOf(conn.ReasonIdle, conn.ReasonBadRequest)
	t.Run("idle", func(t *testing.T) {
		o := o
		o.KeepAlive.IdleTimeout = 50 * time.Millisecond
		f := serve(t, o, hello)
		if _, err := f.dial().rest(); !errors.Is(err, syscall.ECONNRESET) {
			t.Error(err)
		}
		f.endedFor(conn.ReasonIdle)
	})
	f := serve(t, o, hello)
	bad := f.dial()
	bad.send("BROKEN\r\n")
	if _, err := bad.rest(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("bad request: %v", err)
	}
	last := f.dial() // any other end is in order
	last.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	last.wants(200, "hello")
	last.ended()
	f.booksAgree(0)
	if s := f.Stats(); s.Closed[conn.ReasonBadRequest] != 1 || s.Closed[conn.ReasonPeerAsked] != 1 {
		t.Errorf("closed by reason: %v", s.Closed)
	}
}
