package static

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/pollard-go/pollard/engine/internal/allocations"
)

// TestNoAllocation: a GET of a small file, and one that finds it unchanged,
// allocate nothing, in the whole process.
func TestNoAllocation(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	var h *Handler
	s := newSite(t, Options{Prefix: "/files", CacheControl: "no-cache"}, func(used *Handler) { h = used })
	s.file("deep/below/page.html", strings.Repeat("x", 10<<10))
	s.file("folder/index.html", "Hello")
	if f, err := h.openBeneath([]byte("folder/index.html")); err != nil {
		t.Skipf("openat2(2): %v", err)
	} else {
		f.close()
	}
	tag := s.get("/files/deep/below/page.html").Header.Get("ETag")
	for name, request := range map[string]string{
		"GET":        "GET /files/deep/below/page.html?v=1 HTTP/1.1\r\nHost: test\r\n\r\n",
		"HEAD":       "HEAD /files/deep/below/page.html HTTP/1.1\r\nHost: test\r\n\r\n",
		"index":      "GET /files/folder/ HTTP/1.1\r\nHost: test\r\n\r\n",
		"range":      "GET /files/deep/below/page.html HTTP/1.1\r\nHost: test\r\nRange: bytes=100-199\r\n\r\n",
		"unmodified": "GET /files/deep/below/page.html HTTP/1.1\r\nHost: test\r\nIf-None-Match: " + tag + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			out := []byte(request)
			c, length := blocking(t, s.addr, request)
			in := make([]byte, length)
			n := allocations.Fewest(func(n int) { exchange(t, c, out, in, n) })
			t.Logf("%d allocations for %d requests", n, allocations.Requests)
			if n > allocations.Tolerated {
				t.Error("again and again")
			}
		})
	}
}

// exchange makes n requests, one after the other, without allocating. Each answer
// fills in.
func exchange(t *testing.T, fd int, out, in []byte, n int) {
	for range n {
		if k, err := syscall.Write(fd, out); k != len(out) || err != nil {
			t.Fatalf("write: %d, %v", k, err)
		}
		for got := 0; got < len(in); {
			k, err := syscall.Read(fd, in[got:])
			if k <= 0 || err != nil {
				t.Fatalf("read: %d, %v", k, err)
			}
			got += k
		}
	}
}

// blocking connects a blocking socket that only system calls use. length is that
// of the request's answer.
func blocking(t *testing.T, addr, request string) (fd, length int) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	method, _, _ := strings.Cut(request, " ")
	resp, err := http.ReadResponse(bufio.NewReader(io.TeeReader(c, &raw)), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	f, err := c.(*net.TCPConn).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	fd = int(f.Fd())
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	return fd, raw.Len()
}
