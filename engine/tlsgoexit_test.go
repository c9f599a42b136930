package engine_test

import (
	"crypto/tls"
	"net"
	"runtime"
	"testing"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// TestTLSGoexit: a callback of crypto/tls that ends its goroutine ends its connection
// alone.
func TestTLSGoexit(t *testing.T) {
	var o engine.Options
	o.TLS.Handshakes = 1
	o.TLS.Config = &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		runtime.Goexit()
		return nil, nil
	}}
	f := serveWith(t, listen(t, "tcp", "127.0.0.1:0"), o, hello, func(s *engine.Server, ln net.Listener) error {
		return s.ServeTLS(ln, "", "")
	})
	for range 3 {
		c := f.dial()
		if err := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true}).Handshake(); err == nil {
			t.Error("shaken")
		}
		_ = c.Close()
	}
	f.booksAgree(0)
	if n := f.Stats().Closed[conn.ReasonHandshake]; n != 3 {
		t.Errorf("%d ended for that", n)
	}
}
