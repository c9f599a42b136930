package engine_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// echo sends back what comes on c until its end, and closes it. It doesn't use
// splice(2), whose pipes Go keeps for later: they would look like a leak.
func echo(c net.Conn) {
	_, _ = io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
	_ = c.Close()
}

// echoes checks that what is sent comes back.
func (c *client) echoes(text string) {
	c.t.Helper()
	c.send("%s", text)
	c.receives(text)
}

func (c *client) receives(text string) {
	c.t.Helper()
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c.r, got); err != nil || string(got) != text {
		c.t.Fatalf("got %q, %v; want %q", got, err, text)
	}
}

// takes hijacks, and fails the test if that can't be.
func takes(t *testing.T, w *engine.Response) net.Conn {
	c, err := w.Hijack()
	if err != nil {
		t.Errorf("Hijack: %v", err)
		panic(engine.ErrAbort)
	}
	return c
}

func TestHijackHandsOverWhatWasReceived(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/first" {
				_, _ = w.WriteString("first")
				return
			}
			body := make([]byte, 2)
			if _, err := io.ReadFull(r.Body(), body); err != nil || string(body) != "ab" {
				t.Errorf("body %q, %v", body, err)
			}
			go echo(takes(t, w))
			if got := string(r.Path()); got != "/hijack" {
				t.Errorf("after the hijack the path is %q", got)
			}
			if a := r.RemoteAddr(); !a.IsValid() {
				t.Errorf("after the hijack the address is %v", a)
			}
		})
		c := f.dial()
		c.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n%sabcd and raw", post("/hijack", 4))
		c.wants(200, "first")
		c.receives("cd and raw")
		c.echoes("more")
		f.hijacked(1, 1)
		c.closeWrite()
		c.ended()
		f.hijacked(0, 1)
	})
}

// hijacked waits until so many hijacked connections are open, of all there were.
func (f *fixture) hijacked(open, ever int64) {
	f.t.Helper()
	if !within(patience, func() bool { return f.Stats().States[engine.StateHijacked] == open }) {
		f.t.Errorf("%d hijacked connections open, want %d", f.Stats().States[engine.StateHijacked], open)
	}
	if s := f.Stats(); s.Closed[conn.ReasonHijacked] != ever || s.Open != 0 {
		f.t.Errorf("%d were hijacked, want %d; %d are open", s.Closed[conn.ReasonHijacked], ever, s.Open)
	}
}

func TestHijackSwitchesProtocols(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, _ *engine.Request) {
			err := errors.Join(w.SetStatus(101), w.SetHeader("Upgrade", "echo"))
			if err != nil {
				t.Error(err)
			}
			echo(takes(t, w)) // on the handler's goroutine: no loop waits for it
		})
		c, other := f.dial(), f.dial()
		for _, c := range []*client{c, other} {
			c.send("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\nearly")
			a, err := readResponse(c)
			if err != nil || a.StatusCode != 101 || a.Header.Get("Upgrade") != "echo" || a.Header.Get("Connection") != "upgrade" {
				t.Fatalf("%+v, %v", a, err)
			}
			c.receives("early")
		}
		c.echoes("one")
		other.echoes("two")
	})
}

// TestHijackKeepsPeersThatHaveEnded: the end of the peer's side is the next
// protocol's to see, behind what came before it.
func TestHijackKeepsPeersThatHaveEnded(t *testing.T) {
	f := serve(t, engine.Options{}, func(w *engine.Response, _ *engine.Request) {
		time.Sleep(20 * time.Millisecond)
		c := takes(t, w)
		b, err := io.ReadAll(c)
		_, _ = fmt.Fprintf(c, "%s %v", b, err)
		_ = c.Close()
	})
	c := f.dial()
	c.send("GET / HTTP/1.0\r\n\r\nraw")
	c.closeWrite()
	if s, err := c.rest(); s != "raw <nil>" || err != nil {
		t.Errorf("%q, %v", s, err)
	}
}

func TestHijackedConnection(t *testing.T) {
	f := serve(t, engine.Options{}, func(w *engine.Response, _ *engine.Request) {
		c := takes(t, w)
		defer c.Close()
		if _, ok := c.(interface{ NetConn() net.Conn }).NetConn().(*net.TCPConn); !ok {
			t.Errorf("beneath is %T", c)
		}
		if c.RemoteAddr() == nil || c.LocalAddr().Network() != "tcp" {
			t.Errorf("addresses %v, %v", c.LocalAddr(), c.RemoteAddr())
		}
		b := make([]byte, 3) // of 8 that were received
		if n, err := io.ReadFull(c, b[:0]); n != 0 || err != nil {
			t.Errorf("a read of nothing: %d, %v", n, err)
		}
		if n, err := c.Read(b); string(b[:n]) != "ear" || err != nil {
			t.Errorf("first read: %q, %v", b[:n], err)
		}
		if n, err := c.(io.ReaderFrom).ReadFrom(strings.NewReader("from ")); n != 5 || err != nil {
			t.Errorf("ReadFrom: %d, %v", n, err)
		}
		var rest strings.Builder
		if n, err := io.Copy(&rest, c); n != 8 || rest.String() != "ly rmore" {
			t.Errorf("Copy: %d, %q, %v", n, rest.String(), err)
		}
		if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Errorf("CloseWrite: %v", err)
		}
		_ = c.SetReadDeadline(time.Now())
		if _, err := c.Read(b); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.EAGAIN) && !isTimeout(err) {
			t.Errorf("after the end: %v", err)
		}
	})
	c := f.dial()
	c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nearly r")
	c.receives("from ")
	c.send("more")
	c.closeWrite()
	c.ended()
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}

// TestHijackLeavesNothing: no descriptor, goroutine or count remains of many.
func TestHijackLeavesNothing(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		const peers, each = 20, 50
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			c := takes(t, w)
			if string(r.Path()) == "/here" {
				echo(c)
				return
			}
			go echo(c)
		})
		var wg sync.WaitGroup
		for i := range peers {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for n := range each {
					c, err := net.Dial("tcp", f.addr)
					if err != nil {
						t.Error(err)
						return
					}
					target := [...]string{"/here", "/there"}[(i+n)%2]
					_, _ = fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n%d", target, n)
					_ = c.(*net.TCPConn).CloseWrite()
					_ = c.SetReadDeadline(time.Now().Add(patience))
					if b, err := io.ReadAll(c); err != nil || string(b) != fmt.Sprint(n) {
						t.Errorf("echo %q, %v", b, err)
					}
					_ = c.Close()
				}
			}()
		}
		wg.Wait()
		f.hijacked(0, peers*each)
	})
}

func TestHijackMisused(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		wants := func(what string, err, want error) {
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
		}
		hijack := func(w *engine.Response) error { _, err := w.Hijack(); return err }
		o.Debug = false
		j := records(&o)
		ln := listen(t, "tcp", "127.0.0.1:0")
		f := serveOn(t, ln, o, func(w *engine.Response, r *engine.Request) {
			switch string(r.Path()) {
			case "/written":
				_, _ = w.WriteString("written")
				wants("after Write", hijack(w), conn.ErrWritten)
			case "/committed":
				_ = w.Flush()
				wants("after Flush", hijack(w), conn.ErrCommitted)
			case "/switch":
				_ = w.SetStatus(101)
				wants("101 without Upgrade", hijack(w), conn.ErrUpgrade)
				wants("101 sent by Flush", w.Flush(), conn.ErrSwitch)
			case "/detached":
				d := w.Detach()
				wants("after Detach", hijack(w), engine.ErrDetached)
				go d.End()
			case "/twice":
				c := takes(t, w)
				wants("a second time", hijack(w), engine.ErrHijacked)
				_, err := w.WriteString("x")
				wants("Write", err, engine.ErrHijacked)
				wants("SetHeader", w.SetHeader("A", "b"), engine.ErrHijacked)
				wants("SetStatus", w.SetStatus(404), engine.ErrHijacked)
				wants("Flush", w.Flush(), engine.ErrHijacked)
				wants("Informational", w.Informational(103), engine.ErrHijacked)
				wants("Detach", w.Detach().End(), engine.ErrHijacked)
				_, err = r.Body().Read(make([]byte, 1))
				wants("Body", err, engine.ErrClosed)
				go echo(c)
			}
		})
		c := f.dial()
		for _, target := range []string{"/written", "/committed", "/detached"} {
			c.get(target)
			body := ""
			if target == "/written" {
				body = "written"
			}
			c.wants(200, body)
		}
		c.get("/switch")
		c.wants(500, "500 Internal Server Error\n")
		if s := j.all(); !strings.Contains(s, "101") {
			t.Errorf("a 101 that nobody took is not logged: %q", s)
		}
		c.get("/twice")
		c.echoes("still here")
		if s := j.faults(); s != "" {
			t.Errorf("logged: %q", s)
		}
	})
}

// TestHijackThenPanic: the connection is the handler's, whatever becomes of it.
func TestHijackThenPanic(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		panics := make(chan engine.Panic, 1)
		o.Hooks.Panicked = func(p engine.Panic) { panics <- p }
		f := serve(t, o, func(w *engine.Response, _ *engine.Request) {
			go echo(takes(t, w))
			panic("oops")
		})
		c := f.dial()
		c.get("/")
		if p := <-panics; p.Value != "oops" || p.Target != "/" {
			t.Errorf("%+v", p)
		}
		c.echoes("goes on")
		f.hijacked(1, 1)
	})
}

func TestHijackThenGoexit(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, _ *engine.Request) {
			go echo(takes(t, w))
			runtime.Goexit()
		})
		for range 3 {
			c := f.dial()
			c.get("/")
			c.echoes("goes on")
		}
	})
}

// behindMuchOutput serves a long answer, which stays unsent, and a hijack.
func behindMuchOutput(t *testing.T, o engine.Options) (c *client, hijacked chan error) {
	o.Limits.OutputBytes = 64 << 20
	hijacked = make(chan error, 1)
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		if string(r.Path()) == "/long" {
			_ = w.SetContentLength(behindBytes)
			for range behindBytes / 8192 {
				_, _ = w.Write(make([]byte, 8192))
			}
			return
		}
		c, err := w.Hijack()
		if hijacked <- err; err == nil {
			go echo(c)
		}
	})
	c = f.dial()
	c.send("GET /long HTTP/1.1\r\nHost: a\r\n\r\nGET /hijack HTTP/1.1\r\nHost: a\r\n\r\n")
	return c, hijacked
}

const behindBytes = 16 << 20

func TestHijackSendsAnswersBefore(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		c, hijacked := behindMuchOutput(t, o)
		if a := c.answer(); len(a.body) != behindBytes || a.err != nil {
			t.Errorf("%d bytes, %v", len(a.body), a.err)
		}
		c.echoes("raw")
		if err := <-hijacked; err != nil {
			t.Error(err)
		}
	})
}

func TestHijackOfStuckPeer(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Timeouts.Write = 500 * time.Millisecond
		_, hijacked := behindMuchOutput(t, o)
		select {
		case err := <-hijacked:
			if !errors.Is(err, engine.ErrClosed) {
				t.Errorf("Hijack: %v", err)
			}
		case <-time.After(patience):
			t.Error("Hijack does not return")
		}
	})
}

// ExampleResponse_Hijack answers in a protocol of its own: lines, in capitals.
func ExampleResponse_Hijack() {
	srv := engine.New(engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
		_ = w.SetStatus(101)
		_ = w.SetHeader("Upgrade", "shout")
		c, err := w.Hijack()
		if err != nil {
			_ = w.SetStatus(426)
			return
		}
		go func() { // a goroutine of its own: the handler's is bounded in number
			defer c.Close()
			for lines := bufio.NewScanner(c); lines.Scan(); {
				_, _ = fmt.Fprintln(c, strings.ToUpper(lines.Text()))
			}
		}()
	}), engine.Options{})
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() { _ = srv.Serve(ln) }()
	defer srv.Close()

	c, _ := net.Dial("tcp", ln.Addr().String())
	defer c.Close()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\nhello\n")
	in := bufio.NewReader(c)
	for range 5 {
		line, _ := in.ReadString('\n')
		fmt.Println(strings.TrimSpace(line))
	}
	// Output:
	// HTTP/1.1 101 Switching Protocols
	// Upgrade: shout
	// Connection: upgrade
	//
	// HELLO
}
