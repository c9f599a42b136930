package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/programs"
)

// addresses answers with both ends' addresses and the numbers of the connection
// and the transaction.
func addresses(w *engine.Response, r *engine.Request) {
	_, _ = fmt.Fprintf(w, "%v %v %d %d", r.RemoteAddr(), r.LocalAddr(), r.ConnID(), r.Transaction())
}

func TestAddresses(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		ln, err := net.Listen("tcp", addr)
		if err != nil && addr == "[::1]:0" {
			t.Skipf("no IPv6: %v", err)
		}
		check(t, err)
		f := serveOn(t, ln, engine.Options{}, addresses)
		seen := make(map[string]bool)
		for range 3 {
			c := f.dial()
			id := ""
			for i := 1; i <= 2; i++ {
				c.get("/")
				part := strings.Fields(c.answer().body)
				if part[0] != c.LocalAddr().String() || part[1] != f.addr || part[3] != fmt.Sprint(i) || i == 2 && part[2] != id {
					t.Errorf("%v: %v", addr, part)
				}
				id = part[2]
			}
			if seen[id] {
				t.Errorf("connection %s was there before", id)
			}
			seen[id] = true
			_ = c.Close()
			f.booksAgree(0) // so that its place may be used again
		}
	}
}

// TestDualStack: IPv4 peers of an IPv6 socket are given as IPv4.
func TestDualStack(t *testing.T) {
	ln, err := net.Listen("tcp6", "[::1]:0") // the wildcard may be had without IPv6
	if err != nil {
		t.Skipf("no IPv6: %v", err)
	}
	_ = ln.Close()
	f := serveOn(t, listen(t, "tcp", "[::]:0"), engine.Options{}, addresses)
	port := netip.MustParseAddrPort(f.addr).Port()
	c := dial(t, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	c.get("/")
	if got := c.answer().body; !strings.HasPrefix(got, c.LocalAddr().String()+" 127.0.0.1:") {
		t.Errorf("got %q for %v", got, c.LocalAddr())
	}
}

func TestUnixSocket(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		path := filepath.Join(t.TempDir(), "s")
		f := serveOn(t, listen(t, "unix", path), o, func(w *engine.Response, r *engine.Request) {
			if r.RemoteAddr().IsValid() || r.LocalAddr().IsValid() {
				t.Errorf("addresses %v and %v", r.RemoteAddr(), r.LocalAddr())
			}
			hello(w, r)
		})
		c := f.dial()
		c.get("/")
		c.wants(200, "hello")
		// An unread body, and a lingering close.
		c.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n%s", strings.Repeat("x", 1_000_000))
		c.wants(200, "hello")
		c.ended()
		_ = c.Close()
		if err := f.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket's name remains: %v", err)
		}
	})
}

// TestListenAndServe with each kind of address, and a listener for each loop.
func TestListenAndServe(t *testing.T) {
	for name, o := range map[string]engine.Options{
		"TCP":       {Addr: "127.0.0.1:0"},
		"Unix":      {Addr: "unix:" + filepath.Join(t.TempDir(), "s")},
		"ReusePort": {Addr: "127.0.0.1:0", Listen: engine.ListenOptions{ReusePort: true, Backlog: 10}, Dispatch: engine.DispatchOptions{Loops: 4}},
	} {
		t.Run(name, func(t *testing.T) {
			running.begin(nil)
			if !strings.HasPrefix(o.Addr, "unix:") {
				o.Addr = programs.FreeAddr(t)
			}
			f := &fixture{Server: engine.New(engine.HandlerFunc(hello), o), t: t, addr: strings.TrimPrefix(o.Addr, "unix:"), served: make(chan error, 1)}
			t.Cleanup(f.comesDown)
			go func() { f.served <- f.ListenAndServe() }()
			network := map[bool]string{true: "unix", false: "tcp"}[name == "Unix"]
			if !within(patience, func() bool {
				c, err := net.Dial(network, f.addr)
				if err == nil {
					_ = c.Close()
				}
				return err == nil
			}) {
				t.Fatal("it does not listen")
			}
			for range 20 {
				c := f.dial()
				c.get("/")
				c.wants(200, "hello")
				_ = c.Close()
			}
		})
	}
}
