package engine_test

import (
	"bufio"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
	"golang.org/x/sys/unix"
)

// Bytes of answers in TestWaitsForRoom.
const (
	roomKept     = 4 << 20  // more than the sockets' buffers take, but no writer waits
	roomWaited   = 12 << 20 // more than Limits.OutputBytes too
	roomGathered = 16 << 10 // what may be held back of an answer that goes on
)

// roomWays are those who may wait for room to send.
var roomWays = []struct {
	name  string
	bytes int // that come of the answer while nothing is done for it
	// request is sent first, after when bytes have been read.
	request, after string
	handler        func(t *testing.T, path string, answers chan<- *engine.Detached) engine.HandlerFunc
	detached       bool // answers gets one, which is to be ended then
	hijacks        bool // what follows the answer says "taken"
}{
	{name: "handler that has returned", bytes: roomKept, handler: func(t *testing.T, _ string, _ chan<- *engine.Detached) engine.HandlerFunc {
		return func(w *engine.Response, _ *engine.Request) { check(t, writeKept(w)) }
	}},
	{name: "handler that writes", bytes: roomWaited, handler: func(t *testing.T, _ string, _ chan<- *engine.Detached) engine.HandlerFunc {
		return func(w *engine.Response, _ *engine.Request) {
			_, err := w.Write(make([]byte, roomWaited))
			check(t, err)
		}
	}},
	{name: "file", bytes: roomWaited, handler: func(t *testing.T, path string, _ chan<- *engine.Detached) engine.HandlerFunc {
		return func(w *engine.Response, _ *engine.Request) { check(t, w.SendFile(open(t, path), 0, -1)) }
	}},
	{name: "files", bytes: 2 * roomWaited, handler: func(t *testing.T, path string, _ chan<- *engine.Detached) engine.HandlerFunc {
		return func(w *engine.Response, _ *engine.Request) {
			check(t, w.SetContentLength(2*roomWaited))
			check(t, w.SendFile(open(t, path), 0, -1))
			check(t, w.SendFile(open(t, path), 0, -1))
		}
	}},
	{
		name: "handler that waits for content", bytes: roomKept - roomGathered, request: post("/", 5), after: "12345",
		handler: func(t *testing.T, _ string, _ chan<- *engine.Detached) engine.HandlerFunc {
			return func(w *engine.Response, r *engine.Request) {
				check(t, w.SetContentLength(roomKept))
				check(t, writeKept(w))
				if b, err := io.ReadAll(r.Body()); string(b) != "12345" {
					t.Errorf("content %q, %v", b, err)
				}
			}
		},
	},
	{name: "detached, written to", bytes: roomKept, detached: true, handler: func(t *testing.T, _ string, answers chan<- *engine.Detached) engine.HandlerFunc {
		return func(w *engine.Response, _ *engine.Request) {
			check(t, w.SetContentLength(roomKept))
			d := w.Detach()
			go func() {
				n, err := d.Write(make([]byte, roomKept))
				if n != roomKept || err != nil {
					t.Errorf("wrote %d of %d: %v", n, roomKept, err)
				}
				check(t, d.Flush())
				answers <- d
			}()
		}
	}},
	{name: "detached, written to before", bytes: roomKept - roomGathered, detached: true, handler: func(t *testing.T, _ string, answers chan<- *engine.Detached) engine.HandlerFunc {
		return func(w *engine.Response, _ *engine.Request) {
			check(t, w.SetContentLength(roomKept))
			check(t, writeKept(w))
			answers <- w.Detach()
		}
	}},
	{
		name: "hijack behind an answer", bytes: roomKept, hijacks: true,
		request: "GET /kept HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n",
		handler: func(t *testing.T, _ string, _ chan<- *engine.Detached) engine.HandlerFunc {
			return func(w *engine.Response, r *engine.Request) {
				if string(r.Path()) == "/kept" {
					check(t, writeKept(w))
					return
				}
				check(t, errors.Join(w.SetStatus(101), w.SetHeader("Upgrade", "echo")))
				c, err := w.Hijack()
				if check(t, err); err != nil {
					return
				}
				defer c.Close()
				_, err = io.WriteString(c, "taken")
				check(t, err)
			}
		},
	},
}

// writeKept writes roomKept in pieces that are copied.
func writeKept(w *engine.Response) error {
	for range roomKept / 4096 {
		if _, err := w.Write(make([]byte, 4096)); err != nil {
			return err
		}
	}
	return nil
}

// TestWaitsForRoom: whoever has output that the socket did not take is told when it
// takes more. Nothing else would wake them: no limit applies, and the peer sends
// nothing.
func TestWaitsForRoom(t *testing.T) {
	path, _ := fileOf(t, roomWaited)
	for _, way := range roomWays {
		networks := []string{"tcp", "unix", "tls", "net"}
		if way.detached {
			networks = networks[:2] // on a stream a goroutine sends for it, by the calls of those that write
		}
		for _, network := range networks {
			t.Run(way.name+"/"+network, func(t *testing.T) {
				try := func(t *testing.T, o engine.Options) {
					answers := make(chan *engine.Detached, 1)
					c, raw := roomServer(t, network, o, way.handler(t, path, answers))
					request := way.request
					if request == "" {
						request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
					}
					c.send("%s", request)
					fills(t, raw)
					resp, err := readResponse(c)
					if err != nil {
						t.Fatal(err)
					}
					if n, err := io.CopyN(io.Discard, resp.Body, int64(way.bytes)); err != nil {
						t.Fatalf("%d bytes of %d: %v", n, way.bytes, err)
					}
					if way.after != "" {
						c.send("%s", way.after)
					}
					if way.detached {
						check(t, (<-answers).End())
					}
					if _, err := io.Copy(io.Discard, resp.Body); err != nil {
						t.Errorf("at the end: %v", err)
					}
					if way.hijacks {
						takenOver(t, c.r)
					}
				}
				if network == "tcp" || network == "unix" {
					inModes(t, try)
				} else {
					try(t, engine.Options{})
				}
			})
		}
	}
}

// roomServer serves with small buffers and without limits of time. It returns a
// connection to it, and its socket's descriptor.
func roomServer(t *testing.T, network string, o engine.Options, h engine.HandlerFunc) (c *client, fd int) {
	t.Helper()
	o.Dispatch.Loops = 1
	o.Limits.OutputBytes = 2 * roomKept
	o.Timeouts.Write, o.Timeouts.WriteRate, o.Timeouts.Body, o.Timeouts.ReadRate = -1, -1, -1, -1
	if network != "unix" {
		o.Listen.SendBuffer = 16 << 10
	}
	switch network {
	case "tls":
		f := serveSecurely(t, o, h)
		c = f.dial().window()
		fd = c.descriptor()
		c, _ = f.shakesOn(c)
		return c, fd
	case "unix":
		c = serveOn(t, listen(t, "unix", filepath.Join(t.TempDir(), "s")), o, h).dial()
	case "net":
		o.Listen.Transport = engine.TransportNet
		fallthrough
	default:
		c = serve(t, o, h).dial().window()
	}
	return c, c.descriptor()
}

// window makes the client's window small, but not so small that a lot takes long.
func (c *client) window() *client {
	c.t.Helper()
	raw := c.descriptor()
	check(c.t, unix.SetsockoptInt(raw, unix.SOL_SOCKET, unix.SO_RCVBUF, 16<<10))
	return c
}

// fills waits until no more comes to a socket that is not read from.
func fills(t *testing.T, fd int) {
	t.Helper()
	before := 0
	if !within(patience, func() bool {
		time.Sleep(50 * time.Millisecond)
		n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
		check(t, err)
		full := n > 0 && n == before
		before = n
		return full
	}) {
		t.Fatalf("%d bytes have come", before)
	}
}

// takenOver reads what the handler of a connection that was taken over sends.
func takenOver(t *testing.T, r *bufio.Reader) {
	t.Helper()
	b, err := io.ReadAll(r)
	if s := string(b); err != nil || !strings.HasPrefix(s, "HTTP/1.1 101") || !strings.HasSuffix(s, "\r\n\r\ntaken") {
		t.Errorf("%.200q, %v", s, err)
	}
}
