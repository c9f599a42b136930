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
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, sendsUnreadable(t))
		f.brokenOff(f.dial)
	})
}

// TestSendFileUnreadableTLS: … nor over the other carriers that read the file
// themselves.
func TestSendFileUnreadableTLS(t *testing.T) {
	for name, f := range map[string]*secure{
		"ours":           serveSecurely(t, engine.Options{}, sendsUnreadable(t)),
		"of the program": serveBehindTLS(t, listen(t, "tcp", "127.0.0.1:0"), engine.Options{}, nil, sendsUnreadable(t)),
	} {
		t.Log(name)
		f.brokenOff(func() *client {
			c, _ := f.shakes()
			return c
		})
	}
}

func sendsUnreadable(t *testing.T) engine.HandlerFunc {
	path, _ := fileOf(t, 1000)
	return func(w *engine.Response, r *engine.Request) {
		if string(r.Path()) == "/delimited" {
			_, _ = w.WriteString("first")
		}
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		check(t, err)
		check(t, w.SendFile(file, 0, 1000))
	}
}

// brokenOff asks for what sendsUnreadable answers.
func (f *fixture) brokenOff(dial func() *client) {
	t := f.t
	t.Helper()
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /delimited HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.0\r\n\r\n", "GET /delimited HTTP/1.0\r\n\r\n",
	} {
		c := dial()
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
}
