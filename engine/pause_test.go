package engine_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestPausedStillAnswers: want of memory keeps a connection from being read,
// and not an answer that is ready from leaving, which would free some.
func TestPausedStillAnswers(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Limits.MemoryBytes = 256 << 10
		o.Timeouts.Head = time.Hour // the hoarders stay
		entered, leave := make(chan struct{}), make(chan struct{})
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			close(entered)
			<-leave
			hello(w, r)
		})
		var hoarder *client
		hoard := func() {
			head := "GET /hoard HTTP/1.1\r\nHost: a\r\nX: " + string(bytes.Repeat([]byte("f"), 15_000)) + "\r\n"
			for range 40 {
				c := f.dial()
				c.send("%s", head)
				t.Cleanup(func() { _ = c.Close() })
				if hoarder == nil {
					hoarder = c
				}
			}
		}
		c := f.dial()
		if o.Dispatch.Mode == engine.ModeInline {
			c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			c.closeWrite()
			close(leave) // the loop is held: nothing can be hoarded meanwhile
			c.wants(200, "hello")
			return
		}
		c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		c.closeWrite() // so that there is more to read after the answer: the end
		<-entered
		hoard()
		if !within(patience, func() bool {
			hoarder.send("f") // who sends nothing has nothing that is not read
			return f.Stats().Pauses > 0
		}) {
			t.Fatalf("the memory is not used up: %+v", f.Stats())
		}
		// What a paused peer sends does not have it looked at more often.
		pauses := func() int64 {
			before := f.Stats().Pauses
			time.Sleep(200 * time.Millisecond)
			return f.Stats().Pauses - before
		}
		for try := 1; ; try++ { // how many there are depends on what else the machine does
			usual := pauses()
			for range 300 {
				hoarder.send("f")
				time.Sleep(500 * time.Microsecond)
			}
			if n := pauses(); n <= 2*usual+20 {
				break
			} else if try == 5 {
				t.Errorf("%d pauses in the time of %d before, again and again", n, usual)
				break
			}
		}
		close(leave)
		c.wants(200, "hello")
		_ = f.Close() // which does not wait for the hoarders
	})
}
