package engine_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/programs"
)

// dialed makes a connection that has carried a request.
func (f *fixture) dialed() *client {
	f.t.Helper()
	c := f.dial()
	c.get("/")
	c.wants(200, "hello")
	return c
}

// refused reads the answer that a refused connection gets without a request.
func (c *client) refused() {
	c.t.Helper()
	if a := c.wants(503, "503 Service Unavailable\n"); !a.Close || a.Header.Get("Retry-After") != "7" {
		c.t.Errorf("fields %v, close: %v", a.Header, a.Close)
	}
	c.ended()
}

// TestConnectionsWait: the one above the limit is served as soon as another ends.
func TestConnectionsWait(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Limits.Connections, o.Limits.SoftConnections = 3, -1
		f := serve(t, o, hello)
		a, b := f.dialed(), f.dialed()
		if n := f.Stats().Rests; n != 0 {
			t.Errorf("one below the limit: %d rests", n)
		}
		c := f.dialed()
		above := f.dial()
		above.get("/")
		above.waits(200 * time.Millisecond)
		within(patience, func() bool { return f.Stats().Rests > 0 })
		if s := f.Stats(); s.Open != 3 || s.Rests == 0 || s.RefusedFull != 0 {
			t.Errorf("at the limit: %+v", s)
		}
		for _, k := range []*client{a, b, c} {
			k.get("/")
			k.wants(200, "hello")
		}
		_ = b.Close()
		above.wants(200, "hello")
		more := []*client{f.dial(), f.dial(), f.dial()} // as many as there are places
		for _, k := range []*client{a, c, above} {
			_ = k.Close()
		}
		for _, k := range more {
			k.get("/")
			k.wants(200, "hello")
		}
	})
}

// waits checks that nothing comes for a while.
func (c *client) waits(d time.Duration) {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(d))
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil || !err.(net.Error).Timeout() {
		c.t.Errorf("%d bytes, %v", n, err)
	}
	_ = c.SetDeadline(time.Now().Add(patience))
}

// TestConnectionsWaitManyListeners: each loop's listener rests by itself, and no
// place stays empty while somebody waits.
func TestConnectionsWaitManyListeners(t *testing.T) {
	var o engine.Options
	o.Addr = programs.FreeAddr(t)
	o.Dispatch.Loops, o.Listen.ReusePort = 4, true
	o.Limits.Connections, o.Limits.SoftConnections = 5, -1
	records(&o)
	// Stats adds the loops up one after the other: only hooks see them at one time.
	var open, most atomic.Int64
	o.Hooks.Opened = func(engine.ConnInfo) {
		for n := open.Add(1); ; {
			if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
				return
			}
		}
	}
	o.Hooks.Closed = func(engine.ConnInfo, engine.ConnEnd) { open.Add(-1) }
	srv := engine.New(engine.HandlerFunc(hello), o)
	done := make(chan error, 1)
	go func() { done <- srv.ListenAndServe() }()
	defer func() {
		_ = srv.Close()
		<-done
	}()
	if !within(patience, func() bool {
		c, err := net.Dial("tcp", o.Addr)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	}) {
		t.Fatal("does not listen")
	}
	if failed := each(200, 40, func(int) error {
		c, err := net.DialTimeout("tcp", o.Addr, patience)
		if err != nil {
			return err
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(patience))
		if _, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err == nil {
			_, err = c.Read(make([]byte, 1000))
		}
		return err
	}); len(failed) > 0 {
		t.Errorf("%d failed, for example: %v", len(failed), failed[0])
	}
	if n := most.Load(); n > 5 {
		t.Errorf("%d open at a time", n)
	}
}

// TestConnectionsRefused: the one above gets 503 at once, and whether it sends
// its request makes no difference.
func TestConnectionsRefused(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Limits.Connections, o.Limits.SoftConnections, o.Limits.Refusal = 3, -1, engine.Refuse503
		o.Dispatch.RetryAfter = 7 * time.Second
		f := serve(t, o, hello)
		a, b, c := f.dialed(), f.dialed(), f.dialed()
		if s := f.Stats(); s.RefusedFull != 0 || s.Open != 3 {
			t.Errorf("at the limit: %+v", s)
		}
		f.dial().refused()
		above := f.dial()
		above.get("/")
		above.refused()
		_ = a.Close()
		f.untilServed()
		for _, k := range []*client{b, c} {
			k.get("/")
			k.wants(200, "hello")
		}
		s := f.Stats()
		if s.RefusedFull < 2 || s.RefusedReset != 0 || s.Requests < 6 {
			t.Errorf("%+v", s)
		}
	})
}

// TestRefusedPeerStays: it is rid of within about a second.
func TestRefusedPeerStays(t *testing.T) {
	var o engine.Options
	o.Limits.Connections, o.Limits.Refusal = 1, engine.Refuse503
	o.Dispatch.RetryAfter = 7 * time.Second
	f := serve(t, o, hello)
	f.dialed()
	f.dial().refused()
	start := time.Now()
	f.booksAgree(1)
	if d := time.Since(start); d > patience/2 {
		t.Errorf("after %v", d)
	}
	if s := f.Stats(); s.Closed[conn.ReasonRefused] != 1 {
		t.Errorf("%+v", s)
	}
}

// TestRefusedAreBounded: those beyond are reset, and take no descriptors.
func TestRefusedAreBounded(t *testing.T) {
	var o engine.Options
	o.Limits.Connections, o.Limits.SoftConnections, o.Limits.Refusal = 32, -1, engine.Refuse503 // 4 answers at a time
	f := serve(t, o, hello)
	for range 32 {
		f.dialed()
	}
	for range 4 {
		f.dial() // it reads nothing
	}
	if !within(patience, func() bool { return f.Stats().RefusedFull >= 4 }) {
		t.Fatalf("%+v", f.Stats())
	}
	for range 20 {
		if c, err := net.DialTimeout("tcp", f.addr, patience); err == nil { // it may be reset already
			defer c.Close()
		}
	}
	if !within(patience, func() bool { return f.Stats().RefusedFull == 24 }) {
		t.Fatalf("%+v", f.Stats())
	}
	if s := f.Stats(); s.RefusedReset == 0 || s.Open > 36 {
		t.Errorf("%+v", s)
	}
}

// TestConnectionsReset: the one above is reset.
func TestConnectionsReset(t *testing.T) {
	var o engine.Options
	o.Limits.Connections, o.Limits.SoftConnections, o.Limits.Refusal = 2, -1, engine.RefuseReset
	f := serve(t, o, hello)
	a := f.dialed()
	f.dialed()
	f.isReset(new(net.Dialer))
	if s := f.Stats(); s.RefusedFull != 1 || s.RefusedReset != 1 || s.Accepted != 2 {
		t.Errorf("%+v", s)
	}
	_ = a.Close()
	f.untilServed()
}

// untilServed connects until there is a place.
func (f *fixture) untilServed() {
	f.t.Helper()
	if !within(patience, func() bool {
		c, err := net.DialTimeout("tcp", f.addr, patience)
		if err != nil {
			return false
		}
		f.t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(patience))
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		b := make([]byte, 12)
		_, err = io.ReadFull(c, b)
		return err == nil && string(b) == "HTTP/1.1 200"
	}) {
		f.t.Error("nobody else is served")
	}
}

// TestClientConnections: by address, with real sockets from several of them.
func TestClientConnections(t *testing.T) {
	for _, refusal := range []engine.RefusalPolicy{engine.RefuseWait, engine.Refuse503, engine.RefuseReset} {
		var o engine.Options
		o.Limits.ClientConnections, o.Limits.Refusal = 2, refusal
		o.Limits.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.9.0/24")}
		o.Dispatch.RetryAfter = 7 * time.Second
		f := serve(t, o, hello)
		first := f.dialFrom("127.0.0.2")
		f.dialFrom("127.0.0.2").served() // at the limit
		first.served()
		if refusal == engine.RefuseReset {
			f.isReset(from("127.0.0.2"))
		} else {
			f.dialFrom("127.0.0.2").refused()
		}
		f.dialFrom("127.0.0.3").served()
		for range 5 {
			f.dialFrom("127.0.9.1").served()
		}
		if s := f.Stats(); s.RefusedClient != 1 || s.RefusedFull != 0 {
			t.Errorf("%+v", s)
		}
		_ = first.Close()
		if !within(patience, func() bool { return f.Stats().Closed[conn.ReasonPeerClosed] == 1 }) {
			t.Fatal("the end is not seen")
		}
		f.dialFrom("127.0.0.2").served()
	}
}

// TestClientConnectionsMapped: IPv4 in IPv6 is IPv4, on a socket for both.
func TestClientConnectionsMapped(t *testing.T) {
	local, err := net.Listen("tcp", "[::1]:0") // the wildcard may be had without any address
	if err != nil {
		t.Skipf("no IPv6: %v", err)
	}
	_ = local.Close()
	ln := listen(t, "tcp", "[::]:0")
	var o engine.Options
	o.Limits.ClientConnections = 1
	o.Dispatch.RetryAfter = 7 * time.Second
	f := serveOn(t, ln, o, hello)
	_, port, _ := net.SplitHostPort(f.addr)
	dial(t, "tcp4", "127.0.0.1:"+port).served()
	dial(t, "tcp4", "127.0.0.1:"+port).refused()
	dial(t, "tcp6", "[::1]:"+port).served()
	dial(t, "tcp6", "[::1]:"+port).refused()
}

// TestClientConnectionsUnix: the peers of a Unix socket have no address.
func TestClientConnectionsUnix(t *testing.T) {
	var o engine.Options
	o.Limits.ClientConnections, o.Limits.Connections, o.Limits.SoftConnections, o.Limits.Refusal = 1, 3, -1, engine.Refuse503
	o.Dispatch.RetryAfter = 7 * time.Second
	f := serveOn(t, listen(t, "unix", filepath.Join(t.TempDir(), "s")), o, hello)
	for range 3 {
		f.dialed()
	}
	f.dial().refused() // but they count in all
}

func from(ip string) *net.Dialer {
	return &net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
}

func (f *fixture) dialFrom(ip string) *client {
	f.t.Helper()
	k, err := from(ip).Dial("tcp", f.addr)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = k.Close() })
	_ = k.SetDeadline(time.Now().Add(patience))
	return &client{k, f.t, bufio.NewReader(k)}
}

// isReset checks that a new connection is reset, which the dialer may see already.
func (f *fixture) isReset(d *net.Dialer) {
	f.t.Helper()
	k, err := d.Dial("tcp", f.addr)
	if err == nil {
		defer k.Close()
		_ = k.SetDeadline(time.Now().Add(patience))
		var b []byte
		if b, err = io.ReadAll(k); len(b) > 0 {
			f.t.Errorf("it sends %q", b)
		}
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		f.t.Errorf("no reset: %v", err)
	}
}

func (c *client) served() {
	c.t.Helper()
	c.get("/")
	c.wants(200, "hello")
}
