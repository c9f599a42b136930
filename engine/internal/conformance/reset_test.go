package conformance

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestResetLeavesAnswersWhole: the reset that tells of a broken answer must not
// destroy the answers that were pipelined before it.
func TestResetLeavesAnswersWhole(t *testing.T) {
	const whole = 3
	content := bytes.Repeat([]byte("0123456789abcdef"), 400<<10/16)
	h := func(w *engine.Response, r *engine.Request) {
		if string(r.Path()) == "/whole" {
			_, _ = w.Write(content)
			return
		}
		_, _ = w.WriteString("the beginning")
		_ = w.Flush()
		panic(engine.ErrAbort)
	}
	for _, tr := range transports {
		t.Run(tr.name, func(t *testing.T) {
			s, err := tr.startWith("", h)
			if err != nil {
				t.Fatal(err)
			}
			defer s.comesDown(t)
			c, err := s.dial()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(patience))
			request := bytes.Repeat([]byte("GET /whole HTTP/1.1\r\nHost: a\r\n\r\n"), whole)
			if _, err := c.Write(append(request, "GET /broken HTTP/1.0\r\n\r\n"...)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond) // the handlers have done their part, where there is room for it
			b, err := io.ReadAll(c)
			if n := bytes.Count(b, content); n != whole {
				t.Errorf("%d bytes, %d answers of %d", len(b), n, whole)
			}
			if err == nil {
				t.Error("the end looks like that of a whole answer")
			}
		})
	}
}
