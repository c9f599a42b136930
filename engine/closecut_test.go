package engine_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// Close ends the connection of a handler that goes on at once, and not so that
// an HTTP/1.0 peer takes the end for that of the answer.
func TestCloseCutsWithoutFalseEnd(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		if o.Dispatch.Mode == engine.ModeInline {
			t.Skip("a handler that holds the loop holds up Close")
		}
		began, release := make(chan struct{}), make(chan struct{})
		srv := engine.New(engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
			_, _ = w.WriteString("part")
			_ = w.Flush()
			close(began)
			<-release
		}), o)
		ln := listen(t, "tcp", "127.0.0.1:0")
		go func() { _ = srv.Serve(ln) }()
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		<-began
		_ = srv.Close()
		_ = c.SetReadDeadline(time.Now().Add(patience))
		all, err := io.ReadAll(c)
		if err == nil {
			t.Errorf("the peer read %q to an orderly end", all)
		} else if ne, ok := err.(net.Error); ok && ne.Timeout() {
			t.Error("the peer learns of nothing while the handler goes on")
		}
		close(release)
		if !within(patience, func() bool { return srv.Stats().Open == 0 }) {
			t.Error("the connection stays open")
		}
	})
}
