package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// A handler asks for the context of what it has detached: it is where one registers
// what is to be done at the end, and must not wait for the handler's own return.
func TestDetachedContextInTheHandler(t *testing.T) {
	for name, o := range map[string]engine.Options{
		"loop":   {},
		"inline": {Dispatch: engine.DispatchOptions{Mode: engine.ModeInline}},
		"pooled": {Dispatch: engine.DispatchOptions{Mode: engine.ModePooled}},
		"net":    {Listen: engine.ListenOptions{Transport: engine.TransportNet}},
	} {
		t.Run(name, func(t *testing.T) { testDetachedContextInTheHandler(t, o) })
	}
}

func testDetachedContextInTheHandler(t *testing.T, o engine.Options) {
	type detached struct {
		*engine.Detached
		ctx context.Context
	}
	answers := make(chan detached, 1)
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		d := w.Detach()
		ctx := d.Context()
		if ctx.Err() != nil {
			t.Error("it has ended before its answer")
		}
		answers <- detached{d, ctx}
		if string(r.Path()) == "/panic" {
			panic(engine.ErrAbort)
		}
	})
	begin := func(path string) (*client, detached) {
		c := f.dial()
		c.send("GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path)
		return c, <-answers
	}
	ends := func(d detached, cause error) {
		t.Helper()
		select {
		case <-d.ctx.Done():
		case <-time.After(patience):
			t.Fatal("the context does not end")
		}
		if got := context.Cause(d.ctx); !errors.Is(got, cause) {
			t.Errorf("cause %v, want %v", got, cause)
		}
		if d.Context() != d.ctx {
			t.Error("another context, the second time")
		}
	}

	c, d := begin("/ended")
	if err := d.End(); err != nil {
		t.Errorf("End: %v", err)
	}
	ends(d, conn.ErrEnded)
	c.Close()

	c, d = begin("/reset")
	c.reset()
	ends(d, engine.ErrClosed)

	c, d = begin("/panic")
	ends(d, engine.ErrClosed)
	c.Close()
}

// What can't be detached has a context that has ended.
func TestDetachedContextOfNothing(t *testing.T) {
	done := make(chan struct{})
	f := serve(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		c, err := w.Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		c.Close()
		if d := w.Detach(); !errors.Is(context.Cause(d.Context()), engine.ErrHijacked) {
			t.Errorf("cause %v", context.Cause(d.Context()))
		}
		close(done)
	})
	c := f.dial()
	defer c.Close()
	c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	<-done
}
