package engine_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// A Write that falls short of what it was given keeps nothing of that, however
// slowly the peer reads: the caller's memory may be another answer's next.
func TestOverlongWriteKeepsNothing(t *testing.T) {
	const length = 600_000
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Dispatch.Loops = 1
		var written chan struct{}
		f := serveOn(t, listenNarrow(t), o, func(w *engine.Response, r *engine.Request) {
			check(t, w.SetContentLength(length))
			p := bytes.Repeat([]byte("a"), length+1)
			if n, err := w.Write(p); n != length || !errors.Is(err, conn.ErrContentLength) {
				t.Errorf("%d, %v", n, err)
			}
			for i := range p {
				p[i] = 'z'
			}
			close(written)
		})
		for _, version := range []string{"1.1", "1.0"} {
			written = make(chan struct{})
			c := f.dial()
			c.send("GET / HTTP/%s\r\nHost: a\r\n\r\n", version)
			select { // with what the kernel takes nothing may be left
			case <-written:
			case <-time.After(50 * time.Millisecond):
			}
			a := c.answer()
			if a.err != nil || len(a.body) != length || strings.Contains(a.body, "z") {
				t.Errorf("%d bytes, %d of them from later, %v", len(a.body), strings.Count(a.body, "z"), a.err)
			}
			<-written
		}
	})
}
