//go:build linux || darwin || freebsd

package netpoll_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/netpoll"
)

// What all transports have in common is package conformance's to test.

const patience = time.Minute

func serve(t *testing.T, o engine.Options, h engine.HandlerFunc) (srv *engine.Server, addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, ln, o, h)
}

func serveOn(t *testing.T, ln net.Listener, o engine.Options, h engine.HandlerFunc) (srv *engine.Server, addr string) {
	t.Helper()
	srv = engine.New(h, o)
	served := make(chan error, 1)
	go func() { served <- netpoll.Serve(srv, ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v with %+v", err, srv.Stats())
		}
		if err := <-served; !errors.Is(err, engine.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
		if s := srv.Stats(); s.Open != 0 {
			t.Errorf("at the end: %+v", s)
		}
	})
	return srv, ln.Addr().String()
}

func dial(t *testing.T, addr string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c, bufio.NewReader(c)
}

func within(ok func() bool) bool {
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// TestHalfClosed: peers that end their side get the answer of the handler that is
// at work, also a long one that they read slowly, and that of a Detached.
func TestHalfClosed(t *testing.T) {
	long := strings.Repeat("x", 16<<20)
	_, addr := serve(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		switch string(r.Path()) {
		case "/detached":
			d := w.Detach()
			time.AfterFunc(100*time.Millisecond, func() {
				_, _ = d.WriteString("late")
				_ = d.End()
			})
		case "/long":
			time.Sleep(50 * time.Millisecond)
			_, _ = w.WriteString(long)
		default:
			time.Sleep(200 * time.Millisecond)
			_, _ = w.WriteString("late")
		}
	})
	for _, target := range []string{"/late", "/late", "/late", "/long", "/detached", "/detached"} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			c, in := dial(t, addr)
			_, _ = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target)
			_ = c.(*net.TCPConn).CloseWrite()
			time.Sleep(100 * time.Millisecond)
			want := "late"
			if target == "/long" {
				want = long
			}
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(resp.Body); err != nil || string(b) != want {
				t.Errorf("%d bytes, %v", len(b), err)
			}
		})
	}
}

// TestOverrun: a peer that sends more than a handler reads is reset in time, and
// counted.
func TestOverrun(t *testing.T) {
	goOn := make(chan struct{})
	srv, addr := serve(t, engine.Options{}, func(_ *engine.Response, r *engine.Request) {
		if string(r.Path()) == "/slow" {
			<-goOn
		}
	})
	c, _ := dial(t, addr)
	const length = 1 << 30
	_, _ = fmt.Fprintf(c, "POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", length)
	sent, piece := 0, make([]byte, 1<<20)
	var err error
	for err == nil && sent < length {
		var n int
		n, err = c.Write(piece)
		sent += n
		time.Sleep(2 * time.Millisecond) // it is looked for every 10, on a machine that has the time
	}
	if err == nil || sent > length/2 {
		t.Errorf("%d bytes were taken, %v", sent, err)
	}
	close(goOn)
	if !within(func() bool { return srv.Stats().Closed[conn.ReasonOverrun] == 1 }) {
		t.Errorf("closed by reason %v", srv.Stats().Closed)
	}
}

// TestUpload: a handler that reads gets all. However much slower than its peer the
// machine lets it be, no more than Unread is ever left.
func TestUpload(t *testing.T) {
	const length = 64 << 20
	unread := netpoll.Unread
	netpoll.Unread = length
	t.Cleanup(func() { netpoll.Unread = unread })
	_, addr := serve(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		n, err := io.Copy(io.Discard, r.Body())
		_, _ = fmt.Fprint(w, n, err)
	})
	c, in := dial(t, addr)
	go func() {
		_, _ = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", length)
		for range length >> 20 {
			_, _ = c.Write(make([]byte, 1<<20))
		}
	}()
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(resp.Body); string(b) != fmt.Sprint(length, error(nil)) {
		t.Errorf("%s", b)
	}
}

// TestIdleHoldsNoGoroutine, and times out by the engine's own wheel.
func TestIdleHoldsNoGoroutine(t *testing.T) {
	var o engine.Options
	o.KeepAlive.IdleTimeout = 2 * time.Second
	srv, addr := serve(t, o, func(w *engine.Response, _ *engine.Request) { _, _ = w.WriteString("ok") })
	const count = 200
	before := runtime.NumGoroutine()
	for range count {
		c, in := dial(t, addr)
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 200 {
			t.Fatal(resp, err)
		}
	}
	least := 1 << 30
	if !within(func() bool { least = min(least, runtime.NumGoroutine()); return least < before+count/4 }) {
		t.Errorf("%d goroutines, %d before", least, before)
	}
	if !within(func() bool { return srv.Stats().Closed[conn.ReasonIdle] == count }) {
		t.Errorf("closed by reason %v", srv.Stats().Closed)
	}
}

// TestHijack: what had been received comes first, and then what comes, while the
// handler goes on and after it.
func TestHijack(t *testing.T) {
	srv, addr := serve(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		_ = errors.Join(w.SetStatus(101), w.SetHeader("Upgrade", "echo"))
		c, err := w.Hijack()
		if err != nil {
			t.Errorf("Hijack: %v", err)
			return
		}
		echo := func() {
			_, _ = io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
			_ = c.Close()
		}
		if string(r.Path()) == "/here" {
			echo()
			return
		}
		go echo()
	})
	for _, target := range []string{"/here", "/there"} {
		c, in := dial(t, addr)
		_, _ = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly", target)
		if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 101 {
			t.Fatal(resp, err)
		}
		got := make([]byte, 5)
		for _, text := range []string{"early", "later", "again"} {
			if text != "early" {
				time.Sleep(20 * time.Millisecond)
				_, _ = io.WriteString(c, text)
			}
			if _, err := io.ReadFull(in, got); err != nil || string(got) != text {
				t.Fatalf("%s: %q, %v", target, got, err)
			}
		}
		if n := srv.Stats().States[engine.StateHijacked]; n != 1 {
			t.Errorf("%s: %d hijacked", target, n)
		}
		_ = c.Close()
		if !within(func() bool { return srv.Stats().States[engine.StateHijacked] == 0 }) {
			t.Errorf("%s: the peer's end is not seen", target)
		}
	}
}

// TestGoexit: a handler that ends its goroutine ends the connection, and nothing
// else.
func TestGoexit(t *testing.T) {
	srv, addr := serve(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		if string(r.Path()) == "/exit" {
			runtime.Goexit()
		}
	})
	for range 20 {
		c, in := dial(t, addr)
		_, _ = io.WriteString(c, "GET /exit HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
		_, _ = io.Copy(io.Discard, in)
	}
	if !within(func() bool { return srv.Stats().Open == 0 }) {
		t.Errorf("%+v", srv.Stats())
	}
}

func TestShutdownOfIdle(t *testing.T) {
	srv, addr := serve(t, engine.Options{}, func(w *engine.Response, _ *engine.Request) { _, _ = w.WriteString("ok") })
	var idle []*bufio.Reader
	for range 10 {
		c, in := dial(t, addr)
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if resp, err := http.ReadResponse(in, nil); err != nil {
			t.Fatal(err)
		} else if _, err := io.ReadAll(resp.Body); err != nil {
			t.Fatal(err)
		}
		idle = append(idle, in)
	}
	go func() { _ = srv.Shutdown(context.Background()) }()
	for _, in := range idle {
		if b, err := io.ReadAll(in); err != nil || len(b) > 0 {
			t.Errorf("%q, %v", b, err)
		}
	}
}
