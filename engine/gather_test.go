package engine_test

import (
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// Answers to pipelined requests are gathered, but not once handlers are known to
// be slow: a finished answer must not wait for the next handler again and again.
func TestFinishedAnswerDoesNotWaitForSlowHandler(t *testing.T) {
	const slow = 300 * time.Millisecond
	inModes(t, func(t *testing.T, o engine.Options) {
		if o.Dispatch.Mode == engine.ModeInline {
			t.Skip("handlers promise not to block")
		}
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/slow" {
				time.Sleep(slow)
			}
			_, _ = w.WriteString("ok")
		})
		c := f.dial()
		c.get("/slow") // makes it known
		c.wants(200, "ok")
		c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
		began := time.Now()
		c.wants(200, "ok")
		if waited := time.Since(began); waited > slow/2 {
			t.Errorf("the first answer took %v", waited)
		}
		c.wants(200, "ok")
	})
}
