package engine_test

import (
	"errors"
	"os"
	"testing"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// TestSendFileMisuse: what has no end that could be known is refused while the
// answer can still be another one, and not found out when its head has left.
func TestSendFileMisuse(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			var file *os.File
			offset := int64(0)
			switch string(r.Path()) {
			case "/folder":
				file = open(t, "testdata")
			case "/pipe":
				in, out, err := os.Pipe()
				check(t, err)
				check(t, out.Close())
				file = in
			case "/before":
				file, offset = open(t, "testdata/greeting.txt"), -1
			}
			err := w.SendFile(file, offset, -1)
			if misuse := (*conn.MisuseError)(nil); !errors.As(err, &misuse) {
				t.Errorf("%s: %v", r.Path(), err)
			}
			if err := file.Close(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("%s: it is still open: %v", r.Path(), err)
			}
			check(t, w.Error(500, "no file"))
		})
		c := f.dial()
		for _, path := range []string{"/folder", "/pipe", "/before"} {
			c.get(path)
			c.wants(500, "no file\n")
		}
	})
}
