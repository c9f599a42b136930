package engine_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/pollard-go/pollard/engine"
)

// TestGoexitKeepsTheQueue: a worker that ends with its handler leaves its place
// to the one that waits, although others press for it.
func TestGoexitKeepsTheQueue(t *testing.T) {
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModePooled, Loops: 2, Workers: 1, Queue: 1}}
	f := serve(t, o, func(*engine.Response, *engine.Request) { runtime.Goexit() })
	for _, err := range each(32, 32, func(int) error {
		c := f.dial()
		defer c.Close()
		for range 300 {
			c.get("/")
			if a := c.answer(); a.StatusCode != 500 && a.StatusCode != 503 {
				return errors.New(a.Status)
			} else if a.Close {
				c = f.dial()
			}
		}
		return nil
	}) {
		t.Error(err)
	}
	if s := f.Stats(); s.Requests+s.Declined != 32*300 {
		t.Errorf("%d requests and %d declined, of %d", s.Requests, s.Declined, 32*300)
	}
}
