package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestContextOfBrokenConnection: a handler that begins after the reset of its
// connection was seen is told so.
func TestContextOfBrokenConnection(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Dispatch.Loops = 1
		cause := make(chan error, 1)
		entered, gone := make(chan struct{}), make(chan struct{})
		hold := engine.Inline(engine.HandlerFunc(func(*engine.Response, *engine.Request) {
			close(entered)
			<-gone
			time.Sleep(10 * time.Millisecond)
		}))
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/hold" {
				hold.ServeHTTP(w, r)
				return
			}
			ctx := r.Context()
			limit := patience
			if o.Dispatch.Mode == engine.ModeInline {
				limit = 500 * time.Millisecond // it holds the loop that would see
			}
			select {
			case <-ctx.Done():
			case <-time.After(limit):
			}
			cause <- context.Cause(ctx)
		})
		if o.Dispatch.Mode == engine.ModePooled {
			close(entered) // nothing holds the loop of a pool: see the other modes
		} else {
			c := f.dial()
			c.get("/hold")
			defer c.Close()
		}
		c := f.dial()
		<-entered
		c.get("/")
		time.Sleep(5 * time.Millisecond)
		c.reset()
		close(gone)
		if o.Dispatch.Mode == engine.ModeInline {
			select {
			case err := <-cause:
				if !errors.Is(err, engine.ErrPeerReset) {
					t.Errorf("told %v", err)
				}
			case <-time.After(100 * time.Millisecond): // no handler began, which is as well
			}
			return
		}
		select {
		case err := <-cause:
			if !errors.Is(err, engine.ErrPeerReset) {
				t.Errorf("told %v", err)
			}
		case <-time.After(time.Second):
		}
	})
}
