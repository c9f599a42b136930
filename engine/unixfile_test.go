package engine_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/pollard-go/pollard/engine"
)

// TestUnixSocketFileStays: who gives a listener says whether its file goes.
func TestUnixSocketFileStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln := listen(t, "unix", path).(*net.UnixListener)
	ln.SetUnlinkOnClose(false)
	f := serveOn(t, ln, engine.Options{}, hello)
	c := f.dial()
	c.get("/")
	c.wants(200, "hello")
	_ = c.Close()
	if err := f.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// TestUnixSocketFileReplaced: the file of a successor that has taken the path is
// left alone by the end of the server that had it before.
func TestUnixSocketFileReplaced(t *testing.T) {
	for _, transport := range []engine.Transport{engine.DefaultTransport, engine.TransportNet} {
		t.Run(transport.String(), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			var o engine.Options
			o.Listen.Transport = transport
			first := serveOn(t, listen(t, "unix", path), o, hello)
			c := first.dial()
			c.get("/")
			c.wants(200, "hello")
			_ = c.Close()
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			second := serveOn(t, listen(t, "unix", path), o, hello)
			if err := first.Shutdown(context.Background()); err != nil {
				t.Fatal(err)
			}
			c = second.dial()
			c.get("/")
			c.wants(200, "hello")
			_ = c.Close()
			if err := second.Shutdown(context.Background()); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); !os.IsNotExist(err) {
				t.Errorf("the second server's file remains: %v", err)
			}
		})
	}
}
