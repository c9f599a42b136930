package engine_test

import (
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestPanicHookBlocks: what a panic is told to may block as a handler may.
func TestPanicHookBlocks(t *testing.T) {
	told, leave := make(chan struct{}), make(chan struct{})
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModeAdaptive, Loops: 1}}
	o.Hooks.Panicked = func(engine.Panic) {
		close(told)
		select {
		case <-leave:
		case <-time.After(patience / 2):
			t.Error("the hook held the loop")
		}
	}
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		if string(r.Path()) == "/panic" {
			panic("for a test")
		}
		hello(w, r)
	})
	c, other := f.dial(), f.dial()
	c.get("/panic")
	<-told
	other.get("/")
	other.wants(200, "hello")
	close(leave)
	c.wants(500, "500 Internal Server Error\n")
}
