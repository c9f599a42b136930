package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// causes runs a handler that hands its context's cause over, or nil when it has
// waited for too long. It asks for the context when asked is closed.
func causes(entered chan<- struct{}, asked <-chan struct{}) (engine.HandlerFunc, <-chan error) {
	cause := make(chan error, 1)
	return func(_ *engine.Response, r *engine.Request) {
		close(entered)
		<-asked
		ctx := r.Context()
		select {
		case <-ctx.Done():
		case <-time.After(patience):
		}
		cause <- context.Cause(ctx)
	}, cause
}

var loopsFree = []engine.Mode{engine.ModePooled, engine.ModeAdaptive}

// TestContextEndsByReset: also if the reset came before anybody asked.
func TestContextEndsByReset(t *testing.T) {
	for _, mode := range loopsFree {
		for _, early := range []bool{false, true} {
			entered, asked := make(chan struct{}), make(chan struct{})
			h, cause := causes(entered, asked)
			f := serve(t, engine.Options{Dispatch: engine.DispatchOptions{Mode: mode}}, h)
			c := f.dial()
			c.get("/")
			<-entered
			if !early {
				close(asked)
				time.Sleep(5 * time.Millisecond)
			}
			c.reset()
			if early {
				time.Sleep(50 * time.Millisecond) // until the server has seen it
				close(asked)
			}
			if err := <-cause; !errors.Is(err, engine.ErrPeerReset) {
				t.Errorf("%v, reset first: %v: %v", mode, early, err)
			}
		}
	}
}

func TestContextEndsByClose(t *testing.T) {
	for _, mode := range loopsFree {
		for _, early := range []bool{false, true} {
			entered, asked := make(chan struct{}), make(chan struct{})
			h, cause := causes(entered, asked)
			f := serve(t, engine.Options{Dispatch: engine.DispatchOptions{Mode: mode}}, h)
			c := f.dial()
			c.get("/")
			<-entered
			if !early {
				close(asked)
				time.Sleep(5 * time.Millisecond)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if early {
				time.Sleep(50 * time.Millisecond) // until the loops have seen it
				close(asked)
			}
			if err := <-cause; !errors.Is(err, engine.ErrServerClosed) {
				t.Errorf("%v, closed first: %v: %v", mode, early, err)
			}
		}
	}
}

// TestContextOutlivesHalfClose, and ends when the handler returns.
func TestContextOutlivesHalfClose(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		contexts := make(chan context.Context, 1)
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			ctx := r.Context()
			if r.Context() != ctx {
				t.Error("two contexts")
			}
			time.Sleep(30 * time.Millisecond)
			if err := ctx.Err(); err != nil {
				t.Errorf("ended by %v", context.Cause(ctx))
			}
			contexts <- ctx
		})
		c := f.dial()
		c.get("/")
		c.closeWrite()
		ctx := <-contexts
		c.wants(200, "")
		select {
		case <-ctx.Done():
		case <-time.After(patience):
			t.Error("the context outlives the answer")
		}
	})
}
