package engine_test

import (
	"syscall"
	"testing"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/allocations"
)

// TestNoAllocation: a request on a connection that is kept alive allocates
// nothing, in the whole process.
func TestNoAllocation(t *testing.T) {
	if raceEnabled || debugged {
		t.Skip("the race detector allocates, and so does Options.Debug")
	}
	for name, request := range map[string]string{
		"GET":  "GET /some/path?query=1 HTTP/1.1\r\nHost: example.com\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n",
		"POST": "POST /some/path HTTP/1.1\r\nHost: example.com\r\nContent-Length: 10\r\n\r\n0123456789",
	} {
		t.Run(name, func(t *testing.T) {
			inModes(t, func(t *testing.T, o engine.Options) {
				f := serve(t, o, func(w *engine.Response, r *engine.Request) {
					if _, err := r.ReadAll(); err != nil {
						t.Error(err)
					}
					_ = w.SetHeader("Content-Type", "text/plain")
					_, _ = w.WriteString("Hello, World!")
				})
				c := rawClient(t, f)
				out, in := []byte(request), make([]byte, 4096)
				n := allocations.Fewest(func(n int) { exchange(t, c, out, in, n) })
				t.Logf("%d allocations for %d requests", n, allocations.Requests)
				if n > allocations.Tolerated {
					t.Error("again and again")
				}
			})
		})
	}
}

// exchange makes n requests, one after the other, without allocating.
func exchange(t *testing.T, fd int, out, in []byte, n int) {
	for range n {
		if k, err := syscall.Write(fd, out); k != len(out) || err != nil {
			t.Fatalf("write: %d, %v", k, err)
		}
		if k, err := syscall.Read(fd, in); k < 100 || err != nil { // answers leave in one piece
			t.Fatalf("read: %d, %v", k, err)
		}
	}
}

// rawClient connects a blocking socket that only system calls use.
func rawClient(t *testing.T, f *fixture) (fd int) {
	t.Helper()
	c := f.dial()
	fd, err := syscall.Dup(c.descriptor())
	if err == nil {
		err = syscall.SetNonblock(fd, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	return fd
}
