package engine_test

import (
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// A socket that stops to be a listener ends its Serve instead of having its loop
// spin on it; the server goes on with others.
func TestListenerThatIsNone(t *testing.T) {
	var o engine.Options
	log := records(&o)
	srv := engine.New(engine.HandlerFunc(hello), o)
	defer srv.Close()
	ln := listen(t, "tcp", "127.0.0.1:0")
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	dial(t, "tcp", ln.Addr().String()).get("/")
	raw, err := ln.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) { err = syscall.Shutdown(int(fd), syscall.SHUT_RD) })
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-served:
		if err == nil || !strings.Contains(log.all(), "engine: accept") {
			t.Errorf("Serve: %v; logged %q", err, log.all())
		}
	case <-time.After(patience):
		t.Fatal("Serve goes on")
	}
	again := listen(t, "tcp", "127.0.0.1:0")
	go func() { _ = srv.Serve(again) }()
	c := dial(t, "tcp", again.Addr().String())
	c.get("/")
	c.wants(200, "hello")
}

// ReadAll gives the same to whoever asks again.
func TestReadAllTwice(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			one, err1 := r.ReadAll()
			two, err2 := r.ReadAll()
			if err1 != nil || err2 != nil || string(one) != string(two) {
				t.Errorf("%q, %v; then %q, %v", one, err1, two, err2)
			}
			_, _ = w.Write(two)
		})
		c := f.dial()
		c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
		c.wants(200, "hello")
		c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")
		c.wants(200, "hello")
		c.get("/")
		c.wants(200, "")
	})
}
