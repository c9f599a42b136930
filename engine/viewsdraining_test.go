package engine_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// Views of a request stay what they are while its answer waits for a peer that
// does not read, also when the rest of what that sends is thrown away.
func TestViewsWhileAnswerWaits(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Debug = true
		f := serveOn(t, listenNarrow(t), o, func(w *engine.Response, r *engine.Request) {
			path := r.Path()
			r.LimitBody(5)
			if _, err := r.ReadAll(); err == nil {
				t.Error("a body above its limit was read")
			}
			_ = w.SetStatus(413)
			_, err := w.Write(bytes.Repeat([]byte("a"), 2<<20))
			check(t, err)
			_, err = w.Write(path)
			check(t, err)
		})
		c := f.dial()
		c.send("%s0123456789", post("/path", 10))
		time.Sleep(20 * time.Millisecond) // it waits for us
		if a := c.answer(); a.err != nil || len(a.body) != 2<<20+5 || a.body[2<<20:] != "/path" {
			t.Errorf("%d bytes, the last %q, %v", len(a.body), a.body[max(0, len(a.body)-5):], a.err)
		}
	})
}
