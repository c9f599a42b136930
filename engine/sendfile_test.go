package engine_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// fileOf makes a file of that many random bytes.
func fileOf(t *testing.T, n int) (path string, content []byte) {
	t.Helper()
	content = make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(content)
	path = filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, content
}

func open(t *testing.T, path string) *os.File {
	f, err := os.Open(path)
	if err != nil {
		t.Error(err)
	}
	return f
}

// TestSendFile: whole, ranges, several in one answer, with content around them.
func TestSendFile(t *testing.T) {
	path, content := fileOf(t, 3<<20)
	ways := map[string]struct {
		handler engine.HandlerFunc
		want    []byte
	}{
		"whole":  {func(w *engine.Response, _ *engine.Request) { check(t, w.SendFile(open(t, path), 0, -1)) }, content},
		"range":  {func(w *engine.Response, _ *engine.Request) { check(t, w.SendFile(open(t, path), 1000, 2_000_000)) }, content[1000:2_001_000]},
		"empty":  {func(w *engine.Response, _ *engine.Request) { check(t, w.SendFile(open(t, path), 0, 0)) }, nil},
		"behind": {func(w *engine.Response, _ *engine.Request) { check(t, w.SendFile(open(t, path), 4<<20, -1)) }, nil},
		"two": {func(w *engine.Response, _ *engine.Request) {
			check(t, w.SetContentLength(6<<20))
			check(t, w.SendFile(open(t, path), 0, -1))
			check(t, w.SendFile(open(t, path), 0, -1))
		}, bytes.Repeat(content, 2)},
		"around": {func(w *engine.Response, _ *engine.Request) {
			_, _ = w.WriteString("before")
			check(t, w.SendFile(open(t, path), 0, -1))
			_, err := w.WriteString("between")
			check(t, err)
			check(t, w.Flush())
			check(t, w.SendFile(open(t, path), 0, 5))
			check(t, w.Flush())
			_, err = w.WriteString("after")
			check(t, err)
		}, bytes.Join([][]byte{[]byte("before"), content, []byte("between"), content[:5], []byte("after")}, nil)},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			inModes(t, func(t *testing.T, o engine.Options) {
				f := serve(t, o, way.handler)
				c := f.dial()
				for range 3 {
					c.get("/")
					if a := c.answer(); a.err != nil || a.body != string(way.want) {
						t.Fatalf("%d bytes of %d, %v", len(a.body), len(way.want), a.err)
					}
				}
				c.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
				if a := c.answerTo("HEAD"); a.err != nil || a.body != "" {
					t.Errorf("HEAD: %d bytes, %v", len(a.body), a.err)
				}
				c = f.dial()
				c.send("GET / HTTP/1.0\r\n\r\n")
				if a := c.answer(); a.err != nil || a.body != string(way.want) {
					t.Fatalf("HTTP/1.0: %d bytes of %d, %v", len(a.body), len(way.want), a.err)
				}
			})
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// TestSendFileSlowly: a large file to a slow reader holds up nobody and needs
// no memory.
func TestSendFileSlowly(t *testing.T) {
	path, content := fileOf(t, 20<<20)
	want := sha256.Sum256(content)
	content = nil
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Dispatch.Loops = 1
		f := serveOn(t, listenNarrow(t), o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/file" {
				check(t, w.SendFile(open(t, path), 0, -1))
				return
			}
			hello(w, r)
		})
		slow, good := f.dial(), f.dial()
		before := heap()
		slow.get("/file")
		h := sha256.New()
		resp, err := readResponse(slow)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if _, err := io.CopyN(h, resp.Body, 100_000); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Millisecond)
			good.get("/")
			good.wants(200, "hello")
		}
		if grown := heap() - before; grown > 4<<20 {
			t.Errorf("grown by %d KB", grown>>10)
		}
		if _, err := io.Copy(h, resp.Body); err != nil || !bytes.Equal(h.Sum(nil), want[:]) {
			t.Errorf("not the file, or %v", err)
		}
		// A peer that goes in the middle leaves no descriptor: see comesDown.
		gone := f.dial()
		gone.get("/file")
		if _, err := readResponse(gone); err != nil {
			t.Fatal(err)
		}
		gone.reset()
	})
}

// TestSendFileShrinks: what was announced can't be sent any more, and the peer
// can tell.
func TestSendFileShrinks(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		path, _ := fileOf(t, 8<<20)
		f := serveOn(t, listenNarrow(t), o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/delimited" {
				_, _ = w.WriteString("first")
			}
			check(t, w.SendFile(open(t, path), 0, -1))
		})
		for i, request := range []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /delimited HTTP/1.1\r\nHost: a\r\n\r\n", "GET /delimited HTTP/1.0\r\n\r\n"} {
			if err := os.Truncate(path, 8<<20); err != nil {
				t.Fatal(err)
			}
			c := f.dial()
			c.send("%s", request)
			resp, err := readResponse(c)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, 1000); err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, resp.Body); err == nil {
				t.Errorf("%d: it looks whole, with %d bytes", i, n)
			}
			_ = c.Close()
		}
		f.booksAgree(0)
		if n := f.Stats().Closed[conn.ReasonAborted]; n != 2 { // HTTP/1.0 was to end anyway
			t.Errorf("closed by reason: %v", f.Stats().Closed)
		}
	})
}

// TestSendFileErrors: the file is closed all the same.
func TestSendFileErrors(t *testing.T) {
	path, _ := fileOf(t, 1000)
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			closed := open(t, path)
			_ = closed.Close()
			if err := w.SendFile(closed, 0, -1); !errors.Is(err, os.ErrClosed) {
				t.Errorf("a closed file: %v", err)
			}
			_ = w.SetContentLength(10)
			file := open(t, path)
			if err := w.SendFile(file, 0, -1); !errors.Is(err, conn.ErrContentLength) {
				t.Errorf("too long: %v", err)
			}
			if err := file.Close(); !errors.Is(err, os.ErrClosed) {
				t.Errorf("not closed: %v", err)
			}
			check(t, w.SendFile(open(t, path), 0, 10))
		})
		c := f.dial()
		c.get("/")
		if a := c.answer(); len(a.body) != 10 || a.err != nil {
			t.Errorf("%q, %v", a.body, a.err)
		}
	})
}
