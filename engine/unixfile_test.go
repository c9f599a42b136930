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
