package engine_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// A peer that pipelines without end lets others have their turn: what it sends
// is not served to the end before another connection is looked at, nor does it
// keep a worker that others wait for.
func TestPipelinerLetsOthersIn(t *testing.T) {
	const requests = 3000
	for _, mode := range []engine.Mode{engine.ModeInline, engine.ModePooled} {
		t.Run(mode.String(), func(t *testing.T) {
			if mode == engine.ModeInline {
				aboutLoops(t)
			}
			var o engine.Options
			o.Dispatch.Mode, o.Dispatch.Loops, o.Dispatch.Workers = mode, 1, 1
			var f *fixture
			var served, before atomic.Int64
			sent, begun := make(chan struct{}), make(chan struct{})
			f = serve(t, o, func(w *engine.Response, r *engine.Request) {
				if string(r.Path()) == "/other" {
					before.Store(served.Load())
					return
				}
				switch served.Add(1) {
				case 1:
					close(begun)
					<-sent // both requests lie in the kernel
				case 2:
					if mode == engine.ModePooled && !within(patience, func() bool { return f.Stats().Queued > 0 }) {
						t.Error("the other doesn't wait")
					}
				}
			})
			other, greedy := f.dial(), f.dial()
			go func() { _, _ = greedy.Write([]byte(strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", requests))) }()
			<-begun
			other.get("/other")
			close(sent)
			for range requests {
				if a := greedy.answer(); a.StatusCode != 200 {
					t.Fatal(a.Status)
				}
			}
			other.answer()
			if n := before.Load(); n > 600 {
				t.Errorf("%d pipelined requests were served before another connection's", n)
			}
		})
	}
}

// Whoever has to wait for another turn is not idle meanwhile: a shutdown answers
// what it has received, however short the hold.
func TestWaitingForATurnIsNotIdle(t *testing.T) {
	const requests = 100
	for _, o := range []engine.Options{
		{Close: engine.CloseOptions{Hold: time.Millisecond}},
		{KeepAlive: engine.KeepAliveOptions{IdleTimeout: time.Second}},
	} {
		o.Dispatch.Mode, o.Dispatch.Loops = engine.ModeInline, 1
		ends := o.Close.Hold > 0
		pause := time.Millisecond
		if !ends {
			pause = o.KeepAlive.IdleTimeout / 50
		}
		var started atomic.Pointer[fixture]
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if ends && r.Transaction() == 1 {
				if err := started.Load().Shutdown(r.Context()); !errors.Is(err, engine.ErrDraining) {
					t.Error(err)
				}
			}
			time.Sleep(pause)
		})
		started.Store(f)
		c := f.dial()
		c.send("%s", strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", requests))
		for i := range requests {
			resp, err := readResponse(c)
			if err != nil {
				t.Fatalf("%d of %d answers, then %v", i, requests, err)
			}
			if last := ends && i == requests-1; resp.Close != last {
				t.Errorf("answer %d: close is %t", i, resp.Close)
			}
		}
	}
}
