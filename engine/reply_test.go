package engine_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
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
			if err := w.Redirect(status, "/"); !errors.Is(err, conn.ErrStatus) || !strings.Contains(err.Error(), fmt.Sprintf("Redirect with status %d", status)) {
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

// TestReset: an answer that has been begun, of which nothing has left, becomes
// another one, to every method; and nothing of it is in the next.
func TestReset(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/next" {
				hello(w, r)
				return
			}
			check(t, w.SetStatus(201))
			check(t, w.SetHeader("X-Begun", "yes"))
			check(t, w.SetHeader("Connection", "close"))
			check(t, w.SetContentLength(1000))
			check(t, w.SetTrailer("X-Sum", "1"))
			if _, err := w.WriteString("half of an answer"); err != nil {
				t.Error(err)
			}
			check(t, w.Reset())
			if _, ok := w.Header("X-Begun"); ok || w.Written() != 0 || w.Status() != 200 {
				t.Errorf("left: %d bytes, status %d", w.Written(), w.Status())
			}
			check(t, w.Error(500, "it failed"))
			if string(r.Path()) == "/flushed" {
				check(t, w.Flush())
				if err := w.Reset(); !errors.Is(err, conn.ErrCommitted) {
					t.Error(err)
				}
			}
		})
		c := f.dial()
		for _, path := range []string{"/", "/flushed"} {
			for _, method := range []string{"GET", "HEAD"} {
				c.send("%s %s HTTP/1.1\r\nHost: a\r\n\r\n", method, path)
				a := c.answerTo(method)
				want := "it failed\n"
				if method == "HEAD" {
					want = ""
				}
				if a.StatusCode != 500 || a.body != want || a.Header.Get("X-Begun") != "" || a.Close {
					t.Errorf("%s %s: %s, %v, %q", method, path, a.Status, a.Header, a.body)
				}
				c.get("/next")
				c.wants(200, "hello")
			}
		}
	})
}

// TestResetDetached: the answer is the Detached's.
func TestResetDetached(t *testing.T) {
	f := serve(t, engine.Options{}, func(w *engine.Response, _ *engine.Request) {
		d := w.Detach()
		if err := w.Reset(); !errors.Is(err, engine.ErrDetached) {
			t.Error(err)
		}
		go d.End() //nolint:errcheck // the answer shows it
	})
	c := f.dial()
	c.get("/")
	c.wants(200, "")
}

// A handler that fails halfway says so instead of what it has written.
func ExampleResponse_Reset() {
	records := func(w io.Writer) error {
		_, err := io.WriteString(w, `[{"name": "x"}, `)
		return errors.Join(err, errors.New("the next record can't be read"))
	}
	url, stop := start(func(w *engine.Response, _ *engine.Request) {
		_ = w.SetHeader("Content-Type", "application/json")
		if records(w) == nil {
			return
		}
		if w.Reset() != nil {
			panic(engine.ErrAbort) // some of it has left: the peer is to see that the rest is missing
		}
		_ = w.Error(500, "sorry")
	})
	defer stop()
	fmt.Print(get(url))
	// Output: 500 sorry
}

// A server on port 80 that sends everybody to port 443. Path and Query are taken, since
// the target may be an absolute URI, and the port that the peer named is not.
func ExampleResponse_Redirect() {
	secure := func(w *engine.Response, r *engine.Request) {
		host := (&url.URL{Host: string(r.Host())}).Hostname()
		path := string(r.Path())
		if host == "" || path == "" || path == "*" { // HTTP/1.0 without Host; CONNECT; OPTIONS *
			_ = w.Error(400, "this port only redirects")
			return
		}
		if strings.Contains(host, ":") {
			host = "[" + host + "]" // IPv6
		}
		if query := r.Query(); len(query) > 0 {
			path += "?" + string(query)
		}
		_ = w.Redirect(308, "https://"+host+path)
	}
	server, stop := start(secure)
	defer stop()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Get(server + "a%20b?c=d")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	fmt.Println(answer.StatusCode, answer.Header.Get("Location"))
	// Output: 308 https://127.0.0.1/a%20b?c=d
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
