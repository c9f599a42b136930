package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// TestShutdownAnswers: idle connections end, what is under way is answered with
// "Connection: close", and so is what has been sent already.
func TestShutdownAnswers(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Dispatch.Loops = 2
		entered, leave := make(chan struct{}, 1), make(chan struct{})
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/wait" {
				entered <- struct{}{}
				<-leave
			}
			hello(w, r)
		})
		fresh, idle, half, busy := f.dial(), f.dial(), f.dial(), f.dial()
		idle.get("/")
		idle.wants(200, "hello")
		half.send("GET / HTTP/1.1\r\nHo")
		f.booksAgree(4)
		busy.get("/wait")
		<-entered
		busy.get("/1") // a second request, which the kernel holds or the engine has read

		ended := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			ended <- f.Shutdown(ctx)
		}()
		if o.Dispatch.Mode == engine.ModeInline {
			// The handler blocks its loop, and with it the end of the others.
			within(patience, f.Draining)
			time.Sleep(30 * time.Millisecond) // until the loops have been told
		} else {
			fresh.ended()
			idle.ended()
			half.send("st: a\r\n\r\n") // has begun, and is waited for
			if a := half.wants(200, "hello"); !a.Close {
				t.Error("the answer does not say that it is the last")
			}
			half.ended()
			if _, err := net.DialTimeout("tcp", f.addr, time.Second); err == nil {
				t.Error("it still listens")
			}
		}
		select {
		case err := <-ended:
			t.Fatalf("Shutdown: %v with a request under way", err)
		default:
		}
		close(leave)
		if a := busy.wants(200, "hello"); !a.Close {
			t.Error("the answer does not say that it is the last")
		}
		busy.ended()
		for _, c := range []*client{fresh, idle, half, busy} {
			_ = c.Close()
		}
		if err := <-ended; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

// TestShutdownAnswersPipelined: requests that had been sent before are answered
// up to the first answer that says that it is the last.
func TestShutdownAnswersPipelined(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, dawdler)
		var wg sync.WaitGroup
		cs := make([]*client, 20)
		for i := range cs {
			cs[i] = f.dial()
			cs[i].send("%s", pipelined(100, -1))
		}
		for i, c := range cs {
			c.wants(200, "0")
			wg.Add(1)
			go func() {
				defer wg.Done()
				defer c.Close()
				s, err := c.rest()
				if n := strings.Count(s, "Connection: close\r\n"); err != nil || n > 1 || n == 0 && !strings.HasSuffix(s, "\r\n\r\n99") {
					t.Errorf("client %d: %d last answers, %v, ends with %q", i, n, err, s[max(0, len(s)-80):])
				}
			}()
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := f.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		wg.Wait()
	})
}

// TestShutdownDeadline: what is not done by then is cut.
func TestShutdownDeadline(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		cause := make(chan error, 1)
		entered, leave := make(chan struct{}), make(chan struct{})
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			ctx := r.Context()
			close(entered)
			if o.Dispatch.Mode == engine.ModeInline {
				_, err := r.ReadAll() // passes the baton
				cause <- err
				return
			}
			<-ctx.Done()
			cause <- context.Cause(ctx)
			<-leave
		})
		c := f.dial()
		c.send("%s", post("/", 10))
		<-entered
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if err := f.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown: %v", err)
		}
		if err, want := <-cause, map[bool]error{true: engine.ErrClosed, false: engine.ErrServerClosed}[o.Dispatch.Mode == engine.ModeInline]; !errors.Is(err, want) {
			t.Errorf("the handler was told %v, want %v", err, want)
		}
		close(leave)
		if s, _ := c.rest(); s != "" {
			t.Errorf("got %q", s)
		}
		f.booksAgree(0)
		if f.Stats().Closed[conn.ReasonServer] != 1 {
			t.Errorf("closed by reason: %v", f.Stats().Closed)
		}
	})
}

// TestCloseAtOnce cuts everything, and may be called by a handler.
func TestCloseAtOnce(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Dispatch.Loops = 3
		var f *fixture
		started := make(chan struct{})
		f = serve(t, o, func(w *engine.Response, r *engine.Request) {
			<-started
			if err := f.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if err := f.Close(); err != nil {
				t.Errorf("Close again: %v", err)
			}
		})
		close(started)
		cs := make([]*client, 50)
		for i := range cs {
			cs[i] = f.dial()
		}
		f.booksAgree(int64(len(cs)))
		cs[0].get("/")
		for _, c := range cs {
			if s, _ := c.rest(); s != "" && c != cs[0] {
				t.Fatalf("got %q", s)
			}
		}
		f.booksAgree(0)
		for range 2 {
			if err := f.Shutdown(context.Background()); err != nil {
				t.Errorf("Shutdown after Close: %v", err)
			}
		}
		ln := listen(t, "tcp", "127.0.0.1:0")
		if err := f.Serve(ln); !errors.Is(err, engine.ErrServerClosed) {
			t.Errorf("Serve after Close: %v", err)
		}
		if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the listener is still open: %v", err)
		}
		if err := f.ListenAndServe(); !errors.Is(err, engine.ErrServerClosed) {
			t.Errorf("ListenAndServe after Close: %v", err)
		}
	})
}

// TestNeverServed: what was never started can be ended.
func TestNeverServed(t *testing.T) {
	srv := engine.New(engine.HandlerFunc(hello), engine.Options{})
	if err := srv.Shutdown(context.Background()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := srv.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := srv.ListenAndServe(); !errors.Is(err, engine.ErrServerClosed) {
		t.Errorf("ListenAndServe: %v", err)
	}
}

// TestSeveralListeners: one server, many sockets, one end.
func TestSeveralListeners(t *testing.T) {
	f := serve(t, engine.Options{}, hello)
	served := make(chan error, 3)
	for range 3 {
		ln := listen(t, "tcp", "127.0.0.1:0")
		go func() { served <- f.Serve(ln) }()
		c := dial(t, "tcp", ln.Addr().String())
		c.get("/")
		c.wants(200, "hello")
		_ = c.Close()
	}
	if err := f.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	for range 3 {
		if err := <-served; !errors.Is(err, engine.ErrServerClosed) {
			t.Error(err)
		}
	}
}

// TestShutdownRace starts the end while connections come and go.
func TestShutdownRace(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		for range scale(5, 10, 200) {
			f := serve(t, o, hello)
			var wg sync.WaitGroup
			for range 8 {
				wg.Add(1)
				go func() {
					defer wg.Done()
					for {
						c, err := net.Dial("tcp", f.addr)
						if err != nil {
							return
						}
						_ = c.SetDeadline(time.Now().Add(patience))
						_, _ = fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
						b := make([]byte, 1000)
						n, err := c.Read(b)
						if ne, ok := err.(net.Error); ok && ne.Timeout() || n > 0 && !strings.HasSuffix(string(b[:n]), "hello") {
							t.Errorf("%q, %v", b[:n], err)
						}
						_ = c.Close()
					}
				}()
			}
			within(patience, func() bool { return f.Stats().Requests > 20 })
			if err := f.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
			wg.Wait()
		}
	})
}
