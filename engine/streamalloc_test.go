package engine_test

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/allocations"
)

// TestNoAllocationStreams: with a goroutine for each connection a request allocates
// nothing either, and with TLS nothing but what crypto/tls does for its records.
func TestNoAllocationStreams(t *testing.T) {
	if raceEnabled || debugged {
		t.Skip("the race detector allocates, and so does Options.Debug")
	}
	request := []byte("GET /some/path?query=1 HTTP/1.1\r\nHost: example.com\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n")
	h := func(w *engine.Response, r *engine.Request) {
		_ = w.SetHeader("Content-Type", "text/plain")
		_, _ = w.WriteString("Hello, World!")
	}
	t.Run("net", func(t *testing.T) {
		var o engine.Options
		o.Listen.Transport = engine.TransportNet
		fd := rawClient(t, serve(t, o, h))
		in := make([]byte, 4096)
		n := allocations.Fewest(func(n int) { exchange(t, fd, request, in, n) })
		t.Logf("%d allocations for %d requests", n, allocations.Requests)
		if n > allocations.Tolerated {
			t.Errorf("%d allocations for %d requests", n, allocations.Requests)
		}
	})
	t.Run("TLS", func(t *testing.T) {
		f := serveSecurely(t, engine.Options{}, h)
		_, secured := f.shakes()
		length := 0
		ours := allocations.Fewest(func(n int) { length = exchangeSecurely(t, secured, request, n) })
		_, echoed := (&secure{fixture: &fixture{t: t, addr: echoSecurely(t, f, length)}}).shakes()
		bare := allocations.Fewest(func(n int) { exchangeSecurely(t, echoed, request, n) })
		t.Logf("%d allocations for %d requests, %d with crypto/tls alone", ours, allocations.Requests, bare)
		if ours > bare+allocations.Tolerated {
			t.Errorf("%d allocations for %d requests, %d with crypto/tls alone", ours, allocations.Requests, bare)
		}
	})
}

// exchangeSecurely is exchange over TLS. It returns how long the answers are.
func exchangeSecurely(t *testing.T, c *tls.Conn, out []byte, n int) (length int) {
	in := make([]byte, 4096)
	for range n {
		if _, err := c.Write(out); err != nil {
			t.Fatal(err)
		}
		k, err := c.Read(in)
		if k < 100 || err != nil {
			t.Fatalf("read: %d, %v", k, err)
		}
		length = k
	}
	return length
}

// echoSecurely answers whatever comes with so many bytes, by crypto/tls alone.
func echoSecurely(t *testing.T, f *secure, length int) (addr string) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		t.Fatal(err)
	}
	ln := listen(t, "tcp", "127.0.0.1:0")
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		answerAll(tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}}), length)
	}()
	return ln.Addr().String()
}

func answerAll(c net.Conn, length int) {
	in, out := make([]byte, 4096), make([]byte, length)
	for {
		if _, err := c.Read(in); err != nil {
			return
		}
		if _, err := c.Write(out); err != nil {
			return
		}
	}
}
