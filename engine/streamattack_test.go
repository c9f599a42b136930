package engine_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/memory"
)

// TestStreamBrokenBodyWatched: while a handler whose request's body has broken
// writes to a peer that goes on sending, the look for the peer's end and what throws
// its bytes away don't get in each other's way.
func TestStreamBrokenBodyWatched(t *testing.T) {
	var o engine.Options
	o.Listen.Transport = engine.TransportNet
	content := bytes.Repeat([]byte("a"), 8<<20)
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		_ = r.Context()
		if _, err := r.ReadAll(); err == nil {
			t.Error("a broken body was read")
		}
		_ = w.SetContentLength(int64(len(content)))
		_, _ = w.Write(content)
	})
	for range 4 {
		c := f.dial()
		c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n")
		if _, err := c.Write(make([]byte, 24<<20)); err != nil { // all of it, before anything is read
			t.Fatal(err)
		}
		if a := c.answer(); a.err != nil || len(a.body) != len(content) {
			t.Fatalf("%s, %d bytes, %v", a.Status, len(a.body), a.err)
		}
		_ = c.Close()
	}
}

// TestStreamDrainWhileStuck: a peer that uploads and reads only then gets its answer,
// also when a shutdown begins meanwhile.
func TestStreamDrainWhileStuck(t *testing.T) {
	for _, watch := range []bool{false, true} {
		const length = 40 << 10 // more than the connection buffers
		h := func(w *engine.Response, r *engine.Request) {
			if watch {
				_ = r.Context()
			}
			w.SetStatus(413)
			_ = w.SetHeader("Connection", "close")
			for range length >> 10 {
				_, _ = w.Write(make([]byte, 1<<10))
			}
		}
		ln := memory.ListenBuffered(4 << 10)
		srv := engine.New(engine.HandlerFunc(h), engine.Options{})
		go func() { _ = srv.Serve(ln) }()
		nc, err := ln.Dial()
		if err != nil {
			t.Fatal(err)
		}
		c := clientOf(t, nc)
		const upload = 20 << 20 // more than is discarded for the sake of the connection
		c.send("%s", post("/", upload))
		time.Sleep(200 * time.Millisecond)
		down := make(chan error, 1)
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			down <- srv.Shutdown(ctx)
		}()
		time.Sleep(200 * time.Millisecond)
		_, err = c.Write(make([]byte, upload))
		if err != nil {
			t.Fatalf("watch %v: %v", watch, err)
		}
		if a := c.answer(); a.err != nil || len(a.body) != length {
			t.Fatalf("%s, %d bytes, %v", a.Status, len(a.body), a.err)
		}
		_ = c.Close()
		if err := <-down; err != nil {
			t.Error(err)
		}
	}
}

// TestRefusedBehindTLSListener: who is refused and says nothing is gone.
func TestRefusedBehindTLSListener(t *testing.T) {
	cert, key := certify(t, t.TempDir(), "a.example")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	var o engine.Options
	o.Limits.Connections = 1
	o.Timeouts.Write = time.Second
	o.Limits.Refusal = engine.Refuse503
	ln := tls.NewListener(listen(t, "tcp", "127.0.0.1:0"), &tls.Config{Certificates: []tls.Certificate{pair}})
	f := serveOn(t, ln, o, hello)
	c, err := tls.Dial("tcp", f.addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 3 {
		f.dial()
	}
	if !within(patience, func() bool { return f.Stats().Accepted == 4 && f.Stats().Open == 1 }) {
		t.Errorf("%d of %d still open", f.Stats().Open, f.Stats().Accepted)
	}
}

// TestTLSPanic: a panic of what the program gave crypto/tls ends its connection alone.
func TestTLSPanic(t *testing.T) {
	cert, key := certify(t, t.TempDir(), "a.example")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	var o engine.Options
	o.TLS.Config = &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if h.ServerName == "panic.example" {
			panic("certificate")
		}
		return &pair, nil
	}}
	f := &secure{fixture: serveWith(t, listen(t, "tcp", "127.0.0.1:0"), o, hello, func(s *engine.Server, ln net.Listener) error {
		return s.ServeTLS(ln, "", "")
	})}
	bad := tls.Client(f.dial().Conn, &tls.Config{InsecureSkipVerify: true, ServerName: "panic.example"})
	if err := bad.Handshake(); err == nil {
		t.Error("shaken")
	}
	c, _ := f.shakes()
	c.get("/")
	c.wants(200, "hello")
	if n := f.Stats().Closed[conn.ReasonHandshake]; n != 1 {
		t.Errorf("%d ended for that", n)
	}
}

// TestTLSSilentDrain: who has connected and not said a word doesn't hold up a shutdown.
func TestTLSSilentDrain(t *testing.T) {
	var o engine.Options
	o.TLS.HandshakeTimeout = -1
	f := serveSecurely(t, o, hello)
	f.dial()
	if !within(patience, func() bool { return f.Stats().Open == 1 }) {
		t.Fatal("not accepted")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := f.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// TestTLSCloseStuck: Close ends a handshake whose peer doesn't read.
func TestTLSCloseStuck(t *testing.T) {
	cert, key := certify(t, t.TempDir(), "a.example")
	for _, ours := range []bool{false, true} {
		var o engine.Options
		o.TLS.HandshakeTimeout = -1
		m := memory.ListenBuffered(512)
		var ln net.Listener = m
		if !ours {
			pair, err := tls.LoadX509KeyPair(cert, key)
			if err != nil {
				t.Fatal(err)
			}
			ln = tls.NewListener(m, &tls.Config{Certificates: []tls.Certificate{pair}})
		}
		srv := engine.New(engine.HandlerFunc(hello), o)
		served := make(chan error, 1)
		go func() {
			if ours {
				served <- srv.ServeTLS(ln, cert, key)
			} else {
				served <- srv.Serve(ln)
			}
		}()
		near, err := m.Dial()
		if err != nil {
			t.Fatal(err)
		}
		go func() { _ = tls.Client(deafConn{near}, &tls.Config{InsecureSkipVerify: true}).Handshake() }()
		time.Sleep(300 * time.Millisecond)
		go srv.Close()
		select {
		case <-served:
		case <-time.After(patience):
			t.Errorf("ours %v: Serve does not return", ours)
		}
		if !within(patience, func() bool { return srv.Stats().Open == 0 }) {
			t.Errorf("ours %v: still open", ours)
		}
		_ = near.Close()
	}
}

// deafConn never reads.
type deafConn struct{ net.Conn }

func (d deafConn) Read([]byte) (int, error) { select {} }

// TestTLSEarlyAnswers: the last answer arrives whole though its request goes on.
func TestTLSEarlyAnswers(t *testing.T) {
	const length = 10 << 20
	f := serveSecurely(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		w.SetStatus(413)
		_, _ = w.WriteString(strings.Repeat("too large ", 1000))
	})
	body := make([]byte, length)
	for i := range 60 {
		c, secured := f.shakes()
		if i%2 == 0 {
			if _, err := io.WriteString(secured, post("/", length)); err != nil {
				t.Fatal(err)
			}
			if _, err := secured.Write(body); err != nil {
				t.Fatal(err)
			}
		} else {
			go func() {
				_, _ = io.WriteString(secured, post("/", length))
				_, _ = secured.Write(body)
			}()
		}
		a := c.answer()
		if a.err != nil || a.StatusCode != 413 || len(a.body) != 10000 {
			t.Fatalf("%s, %d, %v", a.Status, len(a.body), a.err)
		}
		_ = c.Close()
	}
}

// TestTLSReloadBusy: a replaced certificate drops nobody and is served soon.
func TestTLSReloadBusy(t *testing.T) {
	f := serveSecurely(t, engine.Options{}, hello)
	first, _ := f.shakes() // the files have been read
	_ = first.Close()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				c, err := tls.Dial("tcp", f.addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
				b, err := io.ReadAll(c)
				if err != nil || !strings.HasSuffix(string(b), "hello") {
					t.Errorf("%q, %v", b, err)
				}
				_ = c.Close()
			}
		}()
	}
	name := func() string {
		c, err := tls.Dial("tcp", f.addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Error(err)
			return ""
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	dir := t.TempDir()
	for _, want := range []string{"second.example", "third.example"} {
		cert, key := certify(t, dir, want)
		for from, to := range map[string]string{cert: f.cert, key: f.key} {
			b, _ := os.ReadFile(from)
			replace(t, to, b)
		}
		if !within(patience, func() bool { return name() == want }) {
			t.Fatalf("the old one stays, not %s", want)
		}
	}
	replace(t, f.cert, []byte("broken"))
	time.Sleep(1500 * time.Millisecond)
	if n := name(); n != "third.example" {
		t.Error(n)
	}
	close(stop)
	wg.Wait()
	f.booksAgree(0)
}

// TestStreamHijackWatched: what came while a watch looked for the peer's end, and what
// comes later, is there after the hijack; an answer before it is sent first.
func TestStreamHijackWatched(t *testing.T) {
	var o engine.Options
	o.Listen.Transport = engine.TransportNet
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		_ = r.Context()
		time.Sleep(20 * time.Millisecond)
		if string(r.Path()) == "/" {
			_, _ = w.WriteString("first")
		} else if nc, err := w.Hijack(); err != nil {
			t.Error(err)
		} else {
			go echo(nc)
		}
	})
	body := strings.Repeat("0123456789abcdef", 10_000)
	for range 5 {
		c := f.dial()
		go func() {
			_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /hijack HTTP/1.1\r\nHost: a\r\n\r\n")
			for b := body; len(b) > 0; b = b[1000:] {
				_, _ = io.WriteString(c, b[:1000])
				time.Sleep(200 * time.Microsecond)
			}
		}()
		c.wants(200, "first")
		c.receives(body)
	}
}
