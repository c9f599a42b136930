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
// is not served to the end before another connection is looked at.
func TestPipelinerLetsOthersIn(t *testing.T) {
	aboutLoops(t)
	const requests = 3000
	var o engine.Options
	o.Dispatch.Mode, o.Dispatch.Loops = engine.ModeInline, 1
	var served, before atomic.Int64
	sent, begun := make(chan struct{}), make(chan struct{})
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		if string(r.Path()) == "/other" {
			before.Store(served.Load())
			return
		}
		if served.Add(1) == 1 {
			close(begun)
			<-sent // both requests lie in the kernel
		}
	})
	other := f.dial()
	greedy := f.dial()
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
}

// Whoever has to wait for another turn is not idle meanwhile: a shutdown answers
// what it has received, however short the hold.
func TestWaitingForATurnIsNotIdle(t *testing.T) {
	const requests = 200
	for _, o := range []engine.Options{
		{Close: engine.CloseOptions{Hold: time.Millisecond}},
		{KeepAlive: engine.KeepAliveOptions{IdleTimeout: time.Millisecond}},
	} {
		o.Dispatch.Mode, o.Dispatch.Loops = engine.ModeInline, 1
		ends := o.Close.Hold > 0
		var f *fixture
		f = serve(t, o, func(w *engine.Response, r *engine.Request) {
			if ends && r.Transaction() == 1 {
				if err := f.Shutdown(r.Context()); !errors.Is(err, engine.ErrDraining) {
					t.Error(err)
				}
			}
			time.Sleep(time.Millisecond)
		})
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
