package engine_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

const flood = 50 << 20

// TestPeersThatDoNotRead: they hold up nobody else, cost a bounded amount of
// memory, and are reset when the write timeout has passed.
func TestPeersThatDoNotRead(t *testing.T) {
	piece := make([]byte, 100_000)
	ways := map[string]engine.HandlerFunc{
		"large pieces": func(w *engine.Response, _ *engine.Request) {
			for n, err := 0, error(nil); err == nil && n < flood; n += len(piece) {
				_, err = w.Write(piece)
			}
		},
		"small pieces": func(w *engine.Response, _ *engine.Request) {
			for n, err := 0, error(nil); err == nil && n < flood; n += 1000 {
				_, err = w.Write(piece[:1000])
			}
		},
		"flushed": func(w *engine.Response, _ *engine.Request) {
			for n, err := 0, error(nil); err == nil && n < flood; n += 5000 {
				if _, err = w.Write(piece[:5000]); err == nil {
					err = w.Flush()
				}
			}
		},
		"one piece": func(w *engine.Response, _ *engine.Request) { _, _ = w.Write(make([]byte, flood/10)) },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			inModes(t, func(t *testing.T, o engine.Options) {
				const stuck = 10
				o.Dispatch.Loops = 1
				o.Timeouts.Write = 120 * time.Millisecond
				f := serve(t, o, func(w *engine.Response, r *engine.Request) {
					if string(r.Path()) == "/flood" {
						way(w, r)
						return
					}
					hello(w, r)
				})
				before := heap()
				good := f.dial()
				for range stuck {
					f.dial().slow().get("/flood")
				}
				for start := time.Now(); time.Since(start) < 60*time.Millisecond; {
					good.get("/")
					good.wants(200, "hello")
				}
				limit := 16 << 20
				if name == "one piece" {
					limit += stuck * flood / 10 // the handlers' own
				}
				if grown := heap() - before; grown > limit {
					t.Errorf("%d MB for %d peers that do not read", grown>>20, stuck)
				}
				f.booksAgree(1)
				if n := f.Stats().Closed[conn.ReasonWriteTimeout]; n != stuck {
					t.Errorf("closed by reason: %v", f.Stats().Closed)
				}
				good.get("/")
				good.wants(200, "hello")
			})
		})
	}
}

// listenNarrow gives a listener whose connections have small buffers in the
// kernel, so that pressure builds up soon.
func listenNarrow(t *testing.T) net.Listener {
	t.Helper()
	ln := listen(t, "tcp", "127.0.0.1:0")
	raw, err := ln.(*net.TCPListener).SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, 128<<10)
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 128<<10)
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// TestPipelineWithoutReading: a peer that sends requests and reads nothing is
// stopped by its window, before much of what it sent or asked for is held; all
// it asked for is answered when it reads.
func TestPipelineWithoutReading(t *testing.T) {
	for _, length := range []int{20, 2000} {
		inModes(t, func(t *testing.T, o engine.Options) {
			body := strings.Repeat("b", length)
			f := serveOn(t, listenNarrow(t), o, func(w *engine.Response, r *engine.Request) { _, _ = w.WriteString(body) })
			c := f.dial()
			tcp := c.Conn.(*net.TCPConn)
			_, _ = tcp.SetReadBuffer(64<<10), tcp.SetWriteBuffer(64<<10)
			before := heap()
			whole := stuffed(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			if grown := heap() - before; grown > 1<<20 {
				t.Errorf("%d byte answers: grown by %d KB", length, grown>>10)
			}
			_ = c.SetDeadline(time.Now().Add(patience))
			for range whole {
				if a := c.answer(); a.StatusCode != 200 || len(a.body) != length {
					t.Fatalf("%s with %d bytes", a.Status, len(a.body))
				}
			}
			if n := f.Stats().Requests; n < int64(whole) {
				t.Errorf("%d requests were handled of %d", n, whole)
			}
		})
	}
}

// stuffed sends requests until no more go, and returns how many did.
func stuffed(c *client, request string) int {
	c.t.Helper()
	const most = 100 << 20
	piece := []byte(strings.Repeat(request, 1000))
	for sent := 0; sent < most; {
		_ = c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		n, err := c.Write(piece)
		if sent += n; err != nil {
			return sent / len(request)
		}
	}
	c.t.Fatal("it reads on and on")
	return 0
}

// TestUploadWithoutReading: what a handler does not read stays with the peer.
func TestUploadWithoutReading(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Dispatch.Loops = 2
		entered, leave := make(chan struct{}), make(chan struct{})
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			close(entered)
			<-leave
			n, err := io.Copy(io.Discard, r.Body())
			_, _ = fmt.Fprintf(w, "%d %v", n, err)
		})
		c := f.dial()
		const length = 100 << 20
		c.send("%s", post("/", length))
		<-entered
		before := heap()
		sent, zeros := 0, make([]byte, 1<<20)
		for sent < length {
			_ = c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			n, err := c.Write(zeros)
			if sent += n; err != nil {
				break
			}
		}
		if sent >= length {
			t.Error("it takes what nobody reads")
		}
		if grown := heap() - before; grown > 4<<20 {
			t.Errorf("grown by %d KB", grown>>10)
		}
		close(leave)
		_ = c.SetDeadline(time.Now().Add(patience))
		for sent < length {
			n, err := c.Write(zeros[:min(len(zeros), length-sent)])
			if sent += n; err != nil {
				t.Fatal(err)
			}
		}
		c.wants(200, fmt.Sprintf("%d <nil>", length))
	})
}

// TestSlowReaderGetsAll: time alone does not end an answer that makes progress.
func TestSlowReaderGetsAll(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		const length = 5 << 20
		o.Timeouts.Write = 600 * time.Millisecond // many times a pause of the reader
		f := serveOn(t, listenNarrow(t), o, func(w *engine.Response, r *engine.Request) {
			_ = w.SetContentLength(length)
			if _, err := w.Write(make([]byte, length)); err != nil && !errors.Is(err, engine.ErrClosed) {
				t.Error(err)
			}
		})
		c := f.dial()
		c.get("/")
		start, total, b := time.Now(), 0, make([]byte, 64<<10)
		for total < length {
			n, err := c.Read(b)
			if total += n; err != nil {
				t.Fatalf("after %d bytes and %v: %v, %v", total, time.Since(start), err, f.Stats().Closed)
			}
			if time.Since(start) < 2*o.Timeouts.Write {
				time.Sleep(20 * time.Millisecond)
			}
		}
	})
}

// TestSlowUploads: handlers that wait for content hold up nobody.
func TestSlowUploads(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Dispatch.Loops = 1
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			b, err := r.ReadAll()
			_, _ = fmt.Fprintf(w, "%s %v", b, err)
		})
		slow := make([]*client, 30)
		for i := range slow {
			slow[i] = f.dial()
			slow[i].send("%sa", post("/", 3))
		}
		good := f.dial()
		for _, piece := range []string{"b", "c"} {
			for range 20 {
				good.get("/")
				good.wants(200, " <nil>")
			}
			for _, c := range slow {
				c.send("%s", piece)
			}
		}
		for _, c := range slow {
			c.wants(200, "abc <nil>")
		}
	})
}
