package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"strings"
	"testing"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// kept is what a handler must not keep.
type kept struct {
	w     *engine.Response
	r     *engine.Request
	b     *engine.Body
	field iter.Seq2[[]byte, []byte]
	views map[string][]byte
}

func keep(w *engine.Response, r *engine.Request) kept {
	k := kept{w: w, r: r, b: r.Body(), field: r.Fields(), views: map[string][]byte{}}
	k.views["target"] = r.Target()
	k.views["field"], _ = r.Field("X-Name")
	k.views["body"], _ = r.ReadAll()
	_ = w.SetHeader("X-Answer", "an answer's field")
	k.views["answer's field"], _ = w.Header("X-Answer")
	return k
}

// uses are all that can be done with a request and its answer.
var uses = map[string]func(k kept){
	"Method":         func(k kept) { k.r.Method() },
	"Target":         func(k kept) { k.r.Target() },
	"Path":           func(k kept) { k.r.Path() },
	"AppendPath":     func(k kept) { k.r.AppendPath(nil) },
	"Query":          func(k kept) { k.r.Query() },
	"QueryValue":     func(k kept) { k.r.QueryValue("a") },
	"Host":           func(k kept) { k.r.Host() },
	"HTTP10":         func(k kept) { k.r.HTTP10() },
	"Field":          func(k kept) { k.r.Field("Host") },
	"Trailer":        func(k kept) { k.r.Trailer()(func(_, _ []byte) bool { return true }) },
	"Fields, kept":   func(k kept) { k.field(func(_, _ []byte) bool { return true }) },
	"ContentLength":  func(k kept) { k.r.ContentLength() },
	"Body":           func(k kept) { k.r.Body() },
	"Body, kept":     func(k kept) { _, _ = k.b.Read(make([]byte, 1)) },
	"WriteTo":        func(k kept) { _, _ = k.b.WriteTo(new(bytes.Buffer)) },
	"ReadAll":        func(k kept) { _, _ = k.r.ReadAll() },
	"LimitBody":      func(k kept) { k.r.LimitBody(1) },
	"Transaction":    func(k kept) { k.r.Transaction() },
	"ConnID":         func(k kept) { k.r.ConnID() },
	"RemoteAddr":     func(k kept) { k.r.RemoteAddr() },
	"LocalAddr":      func(k kept) { k.r.LocalAddr() },
	"Clone":          func(k kept) { k.r.Clone() },
	"Context":        func(k kept) { k.r.Context() },
	"SetStatus":      func(k kept) { _ = k.w.SetStatus(200) },
	"Status":         func(k kept) { k.w.Status() },
	"Written":        func(k kept) { k.w.Written() },
	"SetHeader":      func(k kept) { _ = k.w.SetHeader("A", "b") },
	"SetHeaderBytes": func(k kept) { _ = k.w.SetHeaderBytes("A", nil) },
	"AddHeader":      func(k kept) { _ = k.w.AddHeader("A", "b") },
	"DelHeader":      func(k kept) { _ = k.w.DelHeader("A") },
	"Header":         func(k kept) { k.w.Header("A") },
	"SetLength":      func(k kept) { _ = k.w.SetContentLength(1) },
	"Reset":          func(k kept) { _ = k.w.Reset() },
	"SetTrailer":     func(k kept) { _ = k.w.SetTrailer("A", "b") },
	"Informational":  func(k kept) { _ = k.w.Informational(103) },
	"Write":          func(k kept) { _, _ = k.w.Write([]byte("x")) },
	"WriteString":    func(k kept) { _, _ = k.w.WriteString("x") },
	"ReadFrom":       func(k kept) { _, _ = k.w.ReadFrom(strings.NewReader("x")) },
	"SendFile": func(k kept) {
		if f, err := os.Open("testdata/greeting.txt"); err == nil {
			_ = k.w.SendFile(f, 0, -1)
		}
	},
	"Flush":  func(k kept) { _ = k.w.Flush() },
	"Detach": func(k kept) { k.w.Detach() },
}

// keptBy returns what a handler kept. With again, others have been served since,
// from the same memory.
func keptBy(t *testing.T, o engine.Options, again bool) kept {
	t.Helper()
	first := make(chan kept, 10)
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		first <- keep(w, r)
		hello(w, r)
	})
	request := "POST /target HTTP/1.1\r\nHost: a\r\nX-Name: a field\r\nContent-Length: 6\r\n\r\na body"
	c := f.dial()
	c.send("%s", request)
	c.wants(200, "hello")
	k := <-first
	if again {
		for range 3 {
			c.send("%s", request)
			c.wants(200, "hello")
		}
	}
	c.Close()
	f.booksAgree(0)
	return k
}

// TestDebugUseAfterReturn panics, also when others have been served since.
func TestDebugUseAfterReturn(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Debug = true
		k := keptBy(t, o, true)
		for name, use := range uses {
			got := panicOf(func() { use(k) })
			if !strings.HasSuffix(got, " used after its handler returned") || !strings.HasPrefix(got, "engine: Re") {
				t.Errorf("%s: panics with %q", name, got)
			}
		}
	})
}

func panicOf(f func()) (value string) {
	defer func() {
		if v := recover(); v != nil {
			value = fmt.Sprint(v)
		}
	}()
	f()
	return ""
}

// TestDebugPoisonsViews: what a handler keeps shows that it is void.
func TestDebugPoisonsViews(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Debug = true
		for name, view := range keptBy(t, o, false).views {
			if len(view) == 0 || len(bytes.Trim(view, "\xDB")) > 0 {
				t.Errorf("%s: %q", name, view)
			}
		}
	})
}

// TestUseAfterReturn without Debug is told by what it returns.
func TestUseAfterReturn(t *testing.T) {
	if debugged {
		t.Skip("it panics")
	}
	inModes(t, func(t *testing.T, o engine.Options) {
		k := keptBy(t, o, false)
		for name, use := range uses {
			if got := panicOf(func() { use(k) }); got != "" {
				t.Errorf("%s: panics with %q", name, got)
			}
		}
		if got := k.r.Target(); got != nil {
			t.Errorf("Target: %q", got)
		}
		_, read := k.b.Read(make([]byte, 1))
		_, written := k.w.WriteString("x")
		for name, err := range map[string]error{
			"Read": read, "Write": written, "SetHeader": k.w.SetHeader("A", "b"),
			"SetStatus": k.w.SetStatus(404), "Flush": k.w.Flush(), "Detach": k.w.Detach().End(),
		} {
			if !errors.Is(err, conn.ErrEnded) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if ctx := k.r.Context(); ctx.Err() == nil || context.Cause(ctx) == nil {
			t.Error("the context goes on")
		}
	})
}

// TestMisuseIsTold while the handler runs, as a *conn.MisuseError.
func TestMisuseIsTold(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		want := func(what string, err, want error) {
			var m *conn.MisuseError
			if !errors.Is(err, want) || !errors.As(err, &m) {
				t.Errorf("%s: %v", what, err)
			}
		}
		detached := make(chan *engine.Detached, 1)
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			_, _ = w.WriteString("first")
			if string(r.Path()) == "/twice" {
				_ = w.Flush()
				want("a second status", w.SetStatus(404), conn.ErrCommitted)
				want("a late field", w.SetHeader("A", "b"), conn.ErrCommitted)
				return
			}
			d := w.Detach()
			_, err := w.WriteString("x")
			want("Write after Detach", err, engine.ErrDetached)
			_, err = w.ReadFrom(strings.NewReader("x"))
			want("ReadFrom after Detach", err, engine.ErrDetached)
			want("Flush after Detach", w.Flush(), engine.ErrDetached)
			want("Informational after Detach", w.Informational(103), engine.ErrDetached)
			detached <- d
		})
		c := f.dial()
		c.get("/twice")
		c.wants(200, "first")
		c.get("/detach")
		d := <-detached
		if err := d.End(); err != nil {
			t.Errorf("End: %v", err)
		}
		_, err := d.WriteString("x")
		want("Write after End", err, conn.ErrEnded)
		want("Flush after End", d.Flush(), conn.ErrEnded)
		want("a second End", d.End(), conn.ErrEnded)
		c.wants(200, "first")
	})
}
