package engine_test

import (
	"sync/atomic"
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
		var ended atomic.Bool // the slow handler has
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/slow" {
				time.Sleep(slow)
				ended.Store(true)
			}
			_, _ = w.WriteString("ok")
		})
		c := f.dial()
		for try := 1; ; try++ { // what is known is forgotten, and a slow machine may be slow to read
			c.get("/slow") // makes it known
			c.wants(200, "ok")
			ended.Store(false)
			c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
			c.wants(200, "ok")
			waited := ended.Load()
			c.wants(200, "ok")
			if !waited {
				return
			}
			if try == 10 {
				t.Fatal("the first answer waited for the second handler, again and again")
			}
		}
	})
}
