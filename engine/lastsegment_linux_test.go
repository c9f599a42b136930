package engine_test

import (
	"net"
	"syscall"
	"testing"

	"github.com/pollard-go/pollard/engine"
)

// TestEndComesWithLastAnswer: who has received a short last answer finds the
// connection's end behind it, with no time between.
func TestEndComesWithLastAnswer(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		aboutLoops(t)
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/close" {
				_ = w.SetHeader("Connection", "close")
			}
			_, _ = w.WriteString("hello")
		})
		for _, request := range []string{
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
			"GET /close HTTP/1.1\r\nHost: a\r\n\r\n",
			"not a request\r\n\r\n",
			"GET / HTTP/1.0\r\n\r\n",
		} {
			for range 20 {
				c := f.dial()
				c.send("%s", request)
				if text, end := firstReads(t, c.Conn.(*net.TCPConn)); text == "" || !end {
					t.Fatalf("%.20q: %q, the end came later", request, text)
				}
				c.Close()
			}
		}
	})
}

// firstReads waits for input, takes it, and looks whether the end is behind it.
func firstReads(t *testing.T, c *net.TCPConn) (text string, end bool) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64<<10)
	err = raw.Read(func(fd uintptr) bool {
		n, err := syscall.Read(int(fd), buf)
		if err != nil {
			return false
		}
		text = string(buf[:n])
		n, err = syscall.Read(int(fd), buf)
		end = n == 0 && err == nil
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return text, end
}
