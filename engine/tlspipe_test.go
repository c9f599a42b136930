package engine_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/memory"
)

// serveBehindTLS serves on a TLS listener of the program's own.
func serveBehindTLS(t *testing.T, ln net.Listener, o engine.Options, protocols []string, h engine.HandlerFunc) *secure {
	t.Helper()
	cert, key := certify(t, t.TempDir(), "a.example")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: protocols})
	return &secure{fixture: serveOn(t, ln, o, h), cert: cert, key: key}
}

// wantsLong is wants for a body that nobody wants to see.
func (c *client) wantsLong(body string) {
	c.t.Helper()
	if a := c.answer(); a.err != nil || a.StatusCode != 200 || a.body != body {
		c.t.Fatalf("got %s with %d bytes, error %v; want %d bytes", a.Status, len(a.body), a.err, len(body))
	}
}

// TestTLSListener: the connections of a tls.Listener are served like others.
func TestTLSListener(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 20_000)
	f := serveBehindTLS(t, listenNarrow(t), engine.Options{}, []string{"http/1.1"}, func(w *engine.Response, r *engine.Request) {
		if s := r.TLS(); s == nil || s.NegotiatedProtocol != "http/1.1" {
			t.Errorf("%+v", s)
		}
		switch string(r.Path()) {
		case "/file":
			file, err := os.Open("tlspipe_test.go")
			if err != nil {
				t.Error(err)
			}
			_ = w.SendFile(file, 0, -1)
		case "/detach":
			d := w.Detach()
			go func() { _, _ = d.WriteString(body[:50_000]); _ = d.End() }()
		default:
			_, _ = r.Body().WriteTo(w)
		}
	})
	content, err := os.ReadFile("tlspipe_test.go")
	if err != nil {
		t.Fatal(err)
	}
	c, secured := f.shakes()
	for range 3 {
		go func() { _, _ = io.WriteString(secured, post("/", len(body))+body) }()
		c.wantsLong(body)
		c.get("/file")
		c.wantsLong(string(content))
		c.get("/detach")
		c.wantsLong(body[:50_000])
	}
	c.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	c.wants(200, "")
	c.ended()
	if _, err := c.Conn.(*tls.Conn).NetConn().Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("below TLS: %v", err)
	}
}

// TestTLSListenerSlowReader: an answer that makes progress goes on, though it waits for
// longer than the limits of what else goes on meanwhile; one that makes none is ended.
func TestTLSListenerSlowReader(t *testing.T) {
	const length = 160 << 10
	var o engine.Options
	o.Timeouts.Write = 1500 * time.Millisecond
	ways := []bool{false, true}
	if testing.Short() {
		ways = ways[:1] // each takes seconds
	}
	for _, detached := range ways {
		ln := memory.ListenBuffered(8 << 10)
		dial := func() *client {
			nc, err := ln.Dial()
			if err != nil {
				t.Fatal(err)
			}
			return clientOf(t, nc)
		}
		f := serveBehindTLS(t, ln, o, nil, func(w *engine.Response, r *engine.Request) {
			_ = w.SetContentLength(length)
			if !detached {
				_, _ = w.Write(make([]byte, length))
				return
			}
			d := w.Detach()
			go func() {
				for sent := 0; sent < length; {
					n, err := d.Write(make([]byte, min(1<<15, length-sent)))
					if sent += n; errors.Is(err, engine.ErrBacklog) {
						time.Sleep(5 * time.Millisecond)
					} else if err != nil {
						return
					}
					_ = d.Flush()
				}
				_ = d.End()
			}()
		})
		readsSlowly(t, f, dial, length, o.Timeouts.Write)
		f.booksAgree(0)
		before := f.Stats().Closed[conn.ReasonWriteTimeout]
		stuck, _ := f.shakesOn(dial())
		stuck.get("/")
		began := time.Now()
		if !within(patience, func() bool { return f.Stats().Closed[conn.ReasonWriteTimeout] == before+1 }) {
			t.Errorf("detached %v: %v", detached, f.Stats().Closed)
		}
		if d := time.Since(began); d < o.Timeouts.Write-100*time.Millisecond || d > patience/2 {
			t.Errorf("detached %v: ended after %v", detached, d)
		}
	}
}

// readsSlowly reads an answer of so many bytes, which must come whole: unless the
// machine had the reader wait for most of the limit. Then it tries again.
func readsSlowly(t *testing.T, f *secure, dial func() *client, length int, limit time.Duration) {
	t.Helper()
	for try := 1; ; try++ {
		c, _ := f.shakesOn(dial())
		c.get("/")
		began, last, total := time.Now(), time.Now(), 0
		var longest time.Duration
		resp, err := readResponse(c)
		for b := make([]byte, 8<<10); err == nil && total < length; {
			var n int
			n, err = resp.Body.Read(b)
			total += n
			longest, last = max(longest, time.Since(last)), time.Now()
			if total < 112<<10 {
				time.Sleep(time.Duration(n) * time.Second / (32 << 10))
			}
		}
		_ = c.Close()
		switch {
		case total == length:
			return
		case longest < limit/2 || try == 20:
			t.Fatalf("try %d: after %d bytes and %v, with a pause of %v: %v, %v", try, total, time.Since(began), longest, err, f.Stats().Closed)
		}
	}
}

// TestTLSListenerHandshake: how handshakes end that don't succeed.
func TestTLSListenerHandshake(t *testing.T) {
	f := serveBehindTLS(t, listenNarrow(t), engine.Options{}, []string{"h2", "http/1.1"}, hello)
	closed := func(r conn.Reason, n int64) {
		t.Helper()
		if !within(patience, func() bool { return f.Stats().Closed[r] == n }) {
			t.Errorf("%v", f.Stats().Closed)
		}
	}
	plain := f.dial()
	plain.get("/")
	if a := plain.answer(); a.StatusCode != 400 || !strings.Contains(a.body, "TLS") {
		t.Errorf("%v %q", a.Response, a.body)
	}
	plain.ended()
	_ = plain.Close()
	closed(conn.ReasonBadRequest, 1)

	garbage := f.dial()
	garbage.send("%s", "\x16\x03\x01\xff\xff"+strings.Repeat("x", 100_000))
	if got, err := garbage.rest(); err != nil || len(got) < 7 || got[0] != 0x15 {
		t.Errorf("%x, %v", got, err)
	}
	_ = garbage.Close()
	closed(conn.ReasonHandshake, 1)

	other, err := tls.Dial("tcp", f.addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err == nil { // the listener agrees to it
		_, err = other.Read(make([]byte, 1))
		_ = other.Close()
	}
	if !errors.Is(err, io.EOF) {
		t.Errorf("h2: %v", err)
	}
	closed(conn.ReasonHandshake, 2)

	var o engine.Options
	o.TLS.HandshakeTimeout = time.Second
	f = serveBehindTLS(t, listenNarrow(t), o, nil, hello)
	began := time.Now()
	f.dial().send("%s", clientHello(t))
	closed(conn.ReasonHandshake, 1)
	if d := time.Since(began); d < 900*time.Millisecond || d > patience/2 {
		t.Errorf("ended after %v", d)
	}
}

// TestTLSListenerDrain: a handshake that is under way when the server drains is
// finished, and its request answered; who is silent is held as others are.
func TestTLSListenerDrain(t *testing.T) {
	var o engine.Options
	o.Close.Hold = 5 * time.Second // for the handshake and the request, on a busy machine
	o.Close.DrainLinger = 100 * time.Millisecond
	f := serveBehindTLS(t, listenNarrow(t), o, nil, hello)
	f.dial()
	half := f.dial()
	slow := &stoppedConn{Conn: half.Conn, said: make(chan struct{}), go_: make(chan struct{})}
	secured := tls.Client(slow, &tls.Config{InsecureSkipVerify: true})
	shaken := make(chan error, 1)
	go func() { shaken <- secured.Handshake() }()
	<-slow.said
	if !within(patience, func() bool { return f.Stats().Open == 2 }) {
		t.Fatal("not accepted")
	}
	time.Sleep(50 * time.Millisecond)
	began, down := time.Now(), make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		down <- f.Shutdown(ctx)
	}()
	time.Sleep(200 * time.Millisecond)
	close(slow.go_)
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	c := clientOf(t, secured)
	c.get("/")
	if a := c.wants(200, "hello"); !a.Close {
		t.Error("the answer doesn't say close")
	}
	c.ended()
	_ = c.Close()
	if err := <-down; err != nil {
		t.Error(err)
	}
	if d := time.Since(began); d < o.Close.Hold-200*time.Millisecond || d > patience/2 {
		t.Errorf("down after %v", d)
	}
	if s := f.Stats(); s.Closed[conn.ReasonDrain] != 2 {
		t.Errorf("%v", s.Closed)
	}
}

// TestTLSServeConn: ServeConn returns when the connection has ended, not when the
// handshake has begun.
func TestTLSServeConn(t *testing.T) {
	cert, key := certify(t, t.TempDir(), "a.example")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	near, far := memory.Pair(memory.DefaultBuffer)
	srv := engine.New(engine.HandlerFunc(hello), engine.Options{})
	defer srv.Close()
	served := make(chan error, 1)
	go func() { served <- srv.ServeConn(tls.Server(far, &tls.Config{Certificates: []tls.Certificate{pair}})) }()
	secured := tls.Client(near, &tls.Config{InsecureSkipVerify: true})
	c := clientOf(t, secured)
	for range 2 {
		c.get("/")
		c.wants(200, "hello")
		select {
		case err := <-served:
			t.Fatalf("it has returned: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	_ = c.Close()
	select {
	case err := <-served:
		if err != nil || srv.Stats().Open != 0 {
			t.Errorf("%v, %d open", err, srv.Stats().Open)
		}
	case <-time.After(patience):
		t.Error("it does not return")
	}
}

// stoppedConn reads nothing before it is told to, and tells when it has written.
type stoppedConn struct {
	net.Conn
	said, go_ chan struct{}
	told      bool
}

func (c *stoppedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if !c.told {
		c.told = true
		close(c.said)
	}
	return n, err
}

func (c *stoppedConn) Read(p []byte) (int, error) {
	<-c.go_
	return c.Conn.Read(p)
}
