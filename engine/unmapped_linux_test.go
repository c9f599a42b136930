package engine_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/pollard-go/pollard/engine"
)

// TestSendFileUnmapped: a file that sendfile(2) does not take, as most of /proc and
// those of some file systems, is sent all the same, whatever carries it.
func TestSendFileUnmapped(t *testing.T) {
	const path = "/proc/self/cmdline"
	want, err := os.ReadFile(path)
	if err != nil || len(want) == 0 {
		t.Skip(err)
	}
	for _, transport := range []engine.Transport{0, engine.TransportNet} {
		f := serve(t, engine.Options{Listen: engine.ListenOptions{Transport: transport}}, func(w *engine.Response, _ *engine.Request) {
			file, err := os.Open(path)
			check(t, err)
			check(t, w.SendFile(file, 0, int64(len(want))))
		})
		c := f.dial()
		for range 3 {
			c.get("/")
			if a := c.wants(200, string(want)); a.Header.Get("Content-Length") != strconv.Itoa(len(want)) {
				t.Error(a.Header)
			}
		}
		_ = c.Close()
	}
}
