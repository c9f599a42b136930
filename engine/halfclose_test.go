package engine_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestHalfCloseCancels: the context ends although the handler neither reads nor
// writes; also if the end came before anybody asked, or with the request. What
// the handler answers is sent.
func TestHalfCloseCancels(t *testing.T) {
	for _, mode := range loopsFree {
		for _, when := range []string{"later", "before it is asked for", "with the request"} {
			t.Run(mode.String()+" "+when, func(t *testing.T) {
				entered, asked := make(chan struct{}), make(chan struct{})
				wait, cause := causes(entered, asked)
				o := engine.Options{Dispatch: engine.DispatchOptions{Mode: mode}}
				o.Close.HalfClose = engine.HalfCloseCancel
				f := serve(t, o, func(w *engine.Response, r *engine.Request) {
					wait(w, r)
					hello(w, r)
				})
				c := f.dial()
				c.get("/")
				if when == "with the request" {
					c.closeWrite()
				}
				<-entered
				if when == "later" {
					close(asked)
					time.Sleep(5 * time.Millisecond)
				}
				c.closeWrite()
				if when != "later" {
					time.Sleep(30 * time.Millisecond) // until the server has seen it
					close(asked)
				}
				if err := <-cause; !errors.Is(err, engine.ErrPeerEnded) {
					t.Errorf("ended by %v", err)
				}
				c.wants(200, "hello")
				c.ended()
			})
		}
	}
}

// TestHalfCloseServes: all that was sent is answered, by default.
func TestHalfCloseServes(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			ctx := r.Context()
			time.Sleep(20 * time.Millisecond)
			if ctx.Err() != nil {
				t.Errorf("ended by %v", context.Cause(ctx))
			}
			hello(w, r)
		})
		c := f.dial()
		c.send("%s", bytes.Repeat([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 3))
		c.closeWrite()
		for range 3 {
			c.wants(200, "hello")
		}
		c.ended()
	})
}

func TestHalfCloseCancelsDetached(t *testing.T) {
	for _, policy := range []engine.HalfClosePolicy{engine.HalfCloseServe, engine.HalfCloseCancel} {
		addr, answers, _ := detachedServer(t, engine.Options{Close: engine.CloseOptions{HalfClose: policy}})
		c := dial(t, "tcp", addr)
		c.get("/d")
		d := <-answers
		ctx := d.Context()
		c.closeWrite()
		limit := patience
		if policy == engine.HalfCloseServe {
			limit = 30 * time.Millisecond
		}
		select {
		case <-ctx.Done():
		case <-time.After(limit):
		}
		if err, want := context.Cause(ctx), policy == engine.HalfCloseCancel; errors.Is(err, engine.ErrPeerEnded) != want {
			t.Errorf("policy %d: ended by %v", policy, err)
		}
		_, _ = d.WriteString("late")
		if err := d.End(); err != nil {
			t.Errorf("policy %d: End: %v", policy, err)
		}
		c.wants(200, "late")
	}
}

// TestContextEndsByDeadline, which its Deadline tells.
func TestContextEndsByDeadline(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		const limit = 20 * time.Millisecond
		o.Timeouts.Request = limit
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			began := time.Now()
			ctx := r.Context()
			if at, ok := ctx.Deadline(); !ok || at.After(began.Add(limit)) {
				t.Errorf("deadline %v after the handler's begin, %v", at.Sub(began), ok)
			}
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), engine.ErrRequestTimeout) || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				t.Errorf("ended by %v, %v", context.Cause(ctx), ctx.Err())
			}
			_ = w.SetStatus(503)
		})
		c := f.dial()
		for range 2 {
			c.get("/")
			c.wants(503, "")
		}
	})
}

// TestContextEndsByWriteTimeout: the connection has ended, and so has all that
// was done for it.
func TestContextEndsByWriteTimeout(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Timeouts.Write = 50 * time.Millisecond
		cause := make(chan error, 1)
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			ctx := r.Context()
			if _, err := w.Write(make([]byte, 64<<20)); err == nil {
				t.Error("all was written")
			}
			cause <- context.Cause(ctx)
		})
		c := f.dial()
		c.get("/")
		if err := <-cause; !errors.Is(err, engine.ErrClosed) {
			t.Errorf("ended by %v", err)
		}
	})
}

// TestContextOutlivesShutdown, until its patience is over.
func TestContextOutlivesShutdown(t *testing.T) {
	for _, mode := range loopsFree {
		entered, asked := make(chan struct{}), make(chan struct{})
		close(asked)
		h, cause := causes(entered, asked)
		f := serve(t, engine.Options{Dispatch: engine.DispatchOptions{Mode: mode}}, h)
		f.dial().get("/")
		<-entered
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		go func() { _ = f.Shutdown(ctx) }()
		select {
		case err := <-cause:
			if ctx.Err() == nil {
				t.Errorf("%v: ended by %v while Shutdown waits", mode, err)
			} else if !errors.Is(err, engine.ErrServerClosed) {
				t.Errorf("%v: ended by %v", mode, err)
			}
		case <-time.After(patience):
			t.Errorf("%v: goes on after Shutdown", mode)
		}
	}
}
