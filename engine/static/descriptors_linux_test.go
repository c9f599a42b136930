package static

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestFilesAreClosed: no descriptor stays open, whatever becomes of an answer. Those
// that are lent to the engine have nobody to close them when they are garbage.
func TestFilesAreClosed(t *testing.T) {
	for name, transport := range map[string]engine.Transport{"epoll": engine.TransportEpoll, "net": engine.TransportNet} {
		t.Run(name, func(t *testing.T) {
			o := engine.Options{}
			o.Listen.Transport = transport
			s := newSiteWith(t, Options{}, o)
			s.file("small", strings.Repeat("x", 1<<10))
			s.file("large", strings.Repeat("x", 16<<20)) // more than sockets take
			for _, target := range []string{"/small", "/large"} {
				s.status(200, "GET", target)
				s.status(200, "HEAD", target)
				s.status(206, "GET", target, "Range: bytes=100-")
				s.status(416, "GET", target, "Range: bytes=99999999-")
				s.status(304, "GET", target, "If-None-Match: *")
				s.status(412, "GET", target, `If-Match: "other"`)
				s.status(404, "GET", target+"/")
			}
			for _, linger := range []int{-1, 0} { // an orderly end, and a reset
				c, err := net.Dial("tcp", s.addr)
				if err != nil {
					t.Fatal(err)
				}
				_, err = io.WriteString(c, strings.Repeat("GET /large HTTP/1.1\r\nHost: test\r\n\r\n", 3))
				if err == nil {
					_, err = io.ReadFull(c, make([]byte, 1<<20))
				}
				if err == nil && openFiles(t, s.dir) == 0 {
					t.Error("it is not seen to be open while it is sent")
				}
				if err == nil {
					err = c.(*net.TCPConn).SetLinger(linger)
				}
				if err != nil {
					t.Fatal(err)
				}
				_ = c.Close()
			}
			for end := time.Now().Add(time.Minute); openFiles(t, s.dir) > 0; time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("%d files are open still", openFiles(t, s.dir))
				}
			}
		})
	}
}

// openFiles counts the process's descriptors of what is in dir.
func openFiles(t *testing.T, dir string) (n int) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(links) == 0 {
		t.Skipf("/proc/self/fd: %v", err)
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, dir+"/") {
			n++
		}
	}
	return n
}
