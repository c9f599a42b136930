package engine_test

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// TestFairSlowReader: a peer that reads on is served although the socket, whose
// buffer is large, takes nothing for much longer than the limit; when it stops, it
// is ended.
func TestFairSlowReader(t *testing.T) {
	for _, k := range []struct {
		name      string
		transport engine.Transport
		secured   bool
	}{{"epoll", engine.TransportEpoll, false}, {"net", engine.TransportNet, false}, {"tls", engine.TransportNet, true}} {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			cert, key := certify(t, t.TempDir(), "localhost")
			var o engine.Options
			o.Timeouts.Write = 2 * time.Second
			o.Listen.Transport, o.Listen.SendBuffer = k.transport, 4<<20
			srv := engine.New(engine.HandlerFunc(func(w *engine.Response, _ *engine.Request) {
				_ = w.SetContentLength(64 << 20)
				_, _ = w.Write(make([]byte, 64<<20))
			}), o)
			ln := listen(t, "tcp", "127.0.0.1:0")
			served := make(chan error, 1)
			go func() {
				if k.secured {
					served <- srv.ServeTLS(ln, cert, key)
				} else {
					served <- srv.Serve(ln)
				}
			}()
			defer func() { _ = srv.Close(); <-served }()
			near, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer near.Close()
			_ = near.(*net.TCPConn).SetReadBuffer(16 << 10)
			c := near
			if k.secured {
				c = tls.Client(near, &tls.Config{InsecureSkipVerify: true})
			}
			if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			b := make([]byte, 4<<10)
			for start := time.Now(); time.Since(start) < 3*o.Timeouts.Write; time.Sleep(20 * time.Millisecond) {
				if _, err := c.Read(b); err != nil {
					t.Fatalf("after %v: %v, %v", time.Since(start), err, srv.Stats().Closed)
				}
			}
			stopped := time.Now()
			if !within(patience, func() bool { return srv.Stats().Closed[conn.ReasonWriteTimeout] == 1 }) {
				t.Fatalf("%+v", srv.Stats())
			}
			t.Logf("ended %v after it had stopped", time.Since(stopped))
		})
	}
}
