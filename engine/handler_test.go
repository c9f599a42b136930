package engine_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// TestHandlerEnds: the ways in which a handler can end without returning,
// before and after a part of its answer is committed.
func TestHandlerEnds(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		log := records(&o)
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if strings.Contains(string(r.Query()), "late") {
				_, _ = w.WriteString("a part")
				if err := w.Flush(); err != nil {
					t.Error(err)
				}
			} else if len(r.Query()) > 0 {
				_, _ = w.WriteString("not committed")
			}
			switch string(r.Path()) {
			case "/panic":
				panic("for a test")
			case "/abort":
				panic(engine.ErrAbort)
			case "/goexit":
				runtime.Goexit()
			}
			hello(w, r)
		})
		for _, way := range []string{"/panic", "/abort", "/goexit"} {
			c := f.dial()
			for _, query := range []string{"", "?early"} {
				c.get(way + query)
				a := c.answer()
				if a.err != nil || a.StatusCode != 500 || strings.Contains(a.body, "committed") {
					t.Errorf("%s: %s %q %v", way+query, a.Status, a.body, a.err)
				}
			}
			c.get("/")
			c.wants(200, "hello")
			c.get(way + "?late")
			if a := c.answer(); a.StatusCode != 200 || a.body != "a part" || a.err == nil {
				t.Errorf("%s: %s %q %v", way+"?late", a.Status, a.body, a.err)
			}
			_ = c.Close()
			// HTTP/1.0: only a reset tells that the content is not whole.
			c = f.dial()
			c.send("GET %s?late HTTP/1.0\r\n\r\n", way)
			if s, err := c.rest(); err == nil {
				t.Errorf("%s to HTTP/1.0 looks whole: %q", way, s)
			}
			lines := log.faults()
			if n := strings.Count(lines, "for a test"); way == "/panic" && n != 4 || way != "/panic" && lines != "" {
				t.Errorf("%s: log %s", way, lines)
			}
		}
		f.booksAgree(0)
		if n := f.Stats().Closed[conn.ReasonAborted]; n != 3 { // HTTP/1.0 was to end anyway
			t.Errorf("closed by reason: %v", f.Stats().Closed)
		}
	})
}

// TestMisuse: what a handler does wrong is told to it, and the answer stays
// well-formed.
func TestMisuse(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		log := records(&o)
		wrong := func(what string, err, want error) {
			t.Helper()
			if !errors.Is(err, want) {
				t.Errorf("%s: %v", what, err)
			}
		}
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			wrong("CR LF in a value", w.SetHeader("X-A", "a\r\nX-B: b"), conn.ErrFieldValue)
			wrong("CR LF added", w.AddHeader("X-A", "a\r\n\r\n"), conn.ErrFieldValue)
			wrong("NUL", w.SetHeaderBytes("X-A", []byte{0}), conn.ErrFieldValue)
			wrong("name", w.SetHeader("X A", "a"), conn.ErrFieldName)
			wrong("framing", w.SetHeader("Transfer-Encoding", "chunked"), conn.ErrFieldManaged)
			wrong("length", w.SetHeader("Content-Length", "3 "), conn.ErrBadContentLength)
			wrong("status", w.SetStatus(99), conn.ErrStatus)
			wrong("1xx as final", w.SetStatus(103), conn.ErrStatus)
			wrong("101 as informational", w.Informational(101), conn.ErrStatus)
			wrong("1xx with a bad field", w.Informational(103, engine.Field{Name: "A", Value: "\n"}), conn.ErrFieldValue)
			wrong("nothing", w.Informational(103, engine.Field{Name: "Link", Value: "x"}), nil)
			wrong("nothing", w.SetContentLength(5), nil)
			n, err := w.WriteString("hello, world")
			if wrong("too long", err, conn.ErrContentLength); n != 5 {
				t.Errorf("%d bytes taken", n)
			}
			wrong("nothing", w.Flush(), nil)
			wrong("late field", w.SetHeader("X-A", "a"), conn.ErrCommitted)
			wrong("late field", w.AddHeader("X-A", "a"), conn.ErrCommitted)
			wrong("late field", w.DelHeader("X-A"), conn.ErrCommitted)
			wrong("late status", w.SetStatus(500), conn.ErrCommitted)
			wrong("late length", w.SetContentLength(5), conn.ErrCommitted)
			wrong("late 1xx", w.Informational(103), conn.ErrCommitted)
			_, err = w.WriteString("more")
			wrong("too long", err, conn.ErrContentLength)
			if w.Status() != 200 || w.Written() != 5 {
				t.Errorf("status %d, %d bytes", w.Status(), w.Written())
			}
		})
		c := f.dial()
		const want = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
		c.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		s, err := c.rest()
		if s = withoutDate(s); err != nil || s != want {
			t.Errorf("%q, %v", s, err)
		}
		if s := log.faults(); s != "" {
			t.Errorf("log: %s", s)
		}
	})
}

func withoutDate(s string) string {
	before, after, found := strings.Cut(s, "Date: ")
	if _, rest, ok := strings.Cut(after, "\r\n"); found && ok {
		return before + rest
	}
	return s
}

// TestShortAnswer: less than declared is logged, and the peer can tell.
func TestShortAnswer(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		log := records(&o)
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			_ = w.SetContentLength(10)
			hello(w, r)
		})
		c := f.dial()
		c.get("/some/path")
		if a := c.answer(); a.body != "hello" || a.err == nil {
			t.Errorf("%q, %v", a.body, a.err)
		}
		if s := log.all(); !strings.Contains(s, "/some/path") || !strings.Contains(s, "Content-Length") {
			t.Errorf("log: %q", s)
		}
	})
}

// TestWriteAfterReturn: what comes too late is refused, and the next answer is
// not touched.
func TestWriteAfterReturn(t *testing.T) {
	if debugged {
		t.Skip("it panics")
	}
	inModes(t, func(t *testing.T, o engine.Options) {
		var last *engine.Response
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			last = w
			hello(w, r)
		})
		c := f.dial()
		c.get("/")
		c.wants(200, "hello")
		c.reset()
		f.booksAgree(0)
		if n, err := last.WriteString("late"); n != 0 || err == nil {
			t.Errorf("Write: %d, %v", n, err)
		}
		if err := last.Flush(); err == nil {
			t.Error("Flush: no error")
		}
	})
}

// TestClone outlives the handler; views hold while it waits.
func TestClone(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		heads := make(chan *engine.Head, 6)
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			name, _ := r.Field("x-NAME")
			before := string(name) + string(r.Target()) + string(r.Host())
			if _, err := r.ReadAll(); err != nil { // waits for the rest
				t.Error(err)
			}
			if after := string(name) + string(r.Target()) + string(r.Host()); after != before {
				t.Errorf("views have changed from %q to %q", before, after)
			}
			heads <- r.Clone()
		})
		c := f.dial()
		c.send("POST /a?b HTTP/1.1\r\nHost: h:1\r\nX-Name: v\r\nContent-Length: 3\r\nX-Name: w\r\n\r\n")
		c.send("a")
		c.send("bc")
		c.wants(200, "")
		got := <-heads
		c.send("%s", strings.Repeat("GET / HTTP/1.1\r\nHost: zzzzzzzzzzzzzzzzzzzz\r\n\r\n", 5))
		for range 5 {
			c.wants(200, "")
			<-heads
		}
		want := &engine.Head{Method: "POST", Target: "/a?b", Host: "h:1", Minor: 1, Fields: []engine.Field{
			{Name: "Host", Value: "h:1"}, {Name: "X-Name", Value: "v"}, {Name: "Content-Length", Value: "3"}, {Name: "X-Name", Value: "w"},
		}}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %v", got)
		}
	})
}
