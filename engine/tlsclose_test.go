package engine_test

import (
	"errors"
	"net"
	"testing"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// TestTLSIncompleteClose: a peer that ends its side without a closure alert, as
// many do, gets its answer if its request had come whole, and the server's own
// alert (RFC 9112 §9.8).
func TestTLSIncompleteClose(t *testing.T) {
	f := serveSecurely(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		body, err := r.ReadAll()
		if errors.Is(err, engine.ErrBodyCut) {
			_ = w.Error(400, "cut")
			return
		}
		_, _ = w.Write(body)
	})
	for body, status := range map[string]int{"whole": 200, "cut": 400} {
		c := f.dial()
		below := c.Conn.(*net.TCPConn)
		c, _ = f.shakesOn(c)
		c.send("%s%s", post("/", len("whole")), body)
		if err := below.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if a := c.answer(); a.StatusCode != status || a.err != nil {
			t.Errorf("%s: %s, %v", body, a.Status, a.err)
		}
		c.ended() // crypto/tls tells an end without an alert as an error
	}
	f.booksAgree(0)
	if closed := f.Stats().Closed; closed[conn.ReasonPeerClosed]+closed[conn.ReasonPeerCut] != 2 {
		t.Errorf("%v", closed)
	}
}
