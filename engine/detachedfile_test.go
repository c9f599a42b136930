package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestDetachedBehindAFile: while a file that the handler gave is on its way, a
// Detached takes no content but says that it is too early.
func TestDetachedBehindAFile(t *testing.T) {
	const length = 16 << 20
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, make([]byte, length), 0o600); err != nil {
		t.Fatal(err)
	}
	inModes(t, func(t *testing.T, o engine.Options) {
		answers := make(chan *engine.Detached, 1)
		f := serve(t, o, func(w *engine.Response, _ *engine.Request) {
			_ = w.SetContentLength(length + 3)
			file, err := os.Open(name)
			if err == nil {
				err = w.SendFile(file, 0, length)
			}
			if err != nil {
				t.Error(err)
			}
			answers <- w.Detach()
		})
		c := f.dial()
		c.get("/")
		d := <-answers
		if _, err := d.WriteString("end"); !errors.Is(err, engine.ErrBacklog) {
			t.Errorf("Write: %v", err)
		}
		go func() {
			_, err := d.WriteString("end")
			for ; errors.Is(err, engine.ErrBacklog); _, err = d.WriteString("end") {
				time.Sleep(time.Millisecond)
			}
			if err == nil {
				err = d.End()
			}
			if err != nil {
				t.Errorf("later: %v", err)
			}
		}()
		if a := c.answer(); a.err != nil || len(a.body) != length+3 || a.body[length:] != "end" {
			t.Errorf("%d bytes, %v", len(a.body), a.err)
		}
	})
}
