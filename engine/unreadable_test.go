package engine_test

import (
	"errors"
	"io"
	"os"
	"testing"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// A file that can't be read is nobody's fault but the handler's, and the peer can
// tell that its content is missing.
func TestSendFileUnreadable(t *testing.T) {
	path, _ := fileOf(t, 1000)
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/delimited" {
				_, _ = w.WriteString("first")
			}
			file, err := os.OpenFile(path, os.O_WRONLY, 0)
			check(t, err)
			check(t, w.SendFile(file, 0, 1000))
		})
		for _, request := range []string{
			"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /delimited HTTP/1.1\r\nHost: a\r\n\r\n",
			"GET / HTTP/1.0\r\n\r\n", "GET /delimited HTTP/1.0\r\n\r\n",
		} {
			c := f.dial()
			c.send("%s", request)
			resp, err := readResponse(c)
			if err != nil {
				if errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%.20q: no answer, %v", request, err)
				}
				continue // it was reset, which may take the head with it
			}
			if n, err := io.Copy(io.Discard, resp.Body); err == nil {
				t.Errorf("%.20q: it looks whole, with %d bytes", request, n)
			}
			_ = c.Close()
		}
		f.booksAgree(0)
		if n := f.Stats().Closed[conn.ReasonPeerReset]; n != 0 {
			t.Errorf("closed by reason: %v", f.Stats().Closed)
		}
	})
}
