package engine_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

func TestError(t *testing.T) {
	f := serve(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		_ = w.SetHeader("ETag", `"1"`)
		_ = w.SetHeader("Cache-Control", "max-age=3600")
		_ = w.SetHeader("X-Kept", "yes")
		_ = w.SetContentLength(1000)
		if err := w.Error(99, "no status"); !errors.Is(err, conn.ErrStatus) {
			t.Error(err)
		}
		if err := w.Error(404, "nothing here"); err != nil {
			t.Error(err)
		}
		if err := w.Error(500, "twice"); !errors.Is(err, conn.ErrWritten) {
			t.Error(err)
		}
		if err := w.Redirect(302, "/"); !errors.Is(err, conn.ErrWritten) {
			t.Error(err)
		}
		if err := w.Flush(); err != nil {
			t.Error(err)
		}
		if err := w.Error(500, "late"); !errors.Is(err, conn.ErrCommitted) {
			t.Error(err)
		}
	})
	c := f.dial()
	for _, method := range []string{"GET", "HEAD"} {
		c.send("%s / HTTP/1.1\r\nHost: a\r\n\r\n", method)
		a := c.answerTo(method)
		want := "nothing here\n"
		if method == "HEAD" {
			want = ""
		}
		if a.StatusCode != 404 || a.body != want || a.Header.Get("X-Kept") != "yes" || a.Header.Get("ETag") != "" || a.Header.Get("Cache-Control") != "" ||
			a.Header.Get("Content-Type") != "text/plain; charset=utf-8" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s, %v, %q", method, a.Status, a.Header, a.body)
		}
	}
}

func TestRedirect(t *testing.T) {
	f := serve(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		for _, status := range []int{200, 300, 304, 399} {
			if err := w.Redirect(status, "/"); !errors.Is(err, conn.ErrStatus) {
				t.Errorf("%d: %v", status, err)
			}
		}
		if err := w.Redirect(301, "/a\r\nb"); !errors.Is(err, conn.ErrFieldValue) || w.Status() != 200 {
			t.Errorf("%v, status %d", err, w.Status())
		}
		if err := w.Redirect(308, "../there?x"); err != nil {
			t.Error(err)
		}
	})
	c := f.dial()
	c.get("/")
	if a := c.wants(308, ""); a.Header.Get("Location") != "../there?x" {
		t.Error(a.Header)
	}
}

// A refusal in a line, and a way elsewhere.
func ExampleResponse_Error() {
	url, stop := start(func(w *engine.Response, r *engine.Request) {
		switch string(r.Path()) {
		case "/":
			_ = w.Redirect(303, "/missing")
		default:
			_ = w.Error(404, "not found")
		}
	})
	defer stop()
	fmt.Print(get(url))
	// Output: 404 not found
}
