package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestHostOfTarget: RFC 9112 §3.2.2: with the absolute-form "the origin server
// MUST ignore the received Host header field (if any) and instead use the host
// information of the request-target". §3.3 says what else is known of a target.
func TestHostOfTarget(t *testing.T) {
	f := serve(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		_, _ = fmt.Fprintf(w, "%s %s ?%s", r.Host(), r.Path(), r.Query())
	})
	c := f.dial()
	for _, row := range []struct{ line, host, want string }{
		{"GET /a%20b?c=d?e", "a.example:81", "a.example:81 /a%20b ?c=d?e"},
		{"GET //x", "", " //x ?"}, // no default for an empty authority
		{"GET http://b.example:82/a?", "a.example", "b.example:82 /a ?"},
		{"GET HTTP://b.example?c", "a.example", "b.example / ?c"},
		{"OPTIONS *", "a.example", "a.example * ?"},
		{"OPTIONS http://b.example", "a.example", "b.example * ?"},
		{"OPTIONS http://b.example/", "a.example", "b.example / ?"},
	} {
		c.send("%s HTTP/1.1\r\nHost: %s\r\n\r\n", row.line, row.host)
		c.wants(200, row.want)
	}
	c.send("CONNECT c.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n")
	a := c.answerTo(http.MethodConnect)
	if a.StatusCode != 200 || len(a.TransferEncoding) != 0 || a.Header.Get("Content-Length") != "" {
		t.Errorf("CONNECT: %v %v %v", a.Status, a.TransferEncoding, a.Header)
	}
	c.ended()
}

// TestOneRequestEach: RFC 9112 §9.3: "A server that does not support persistent
// connections MUST send the "close" connection option in every response message
// that does not have a 1xx (Informational) status code."
func TestOneRequestEach(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.KeepAlive.MaxRequests = 1
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			_ = w.Informational(103, engine.Field{Name: "Link", Value: "</a.css>; rel=preload"})
			hello(w, r)
		})
		for range 3 {
			c := f.dial()
			c.get("/")
			c.get("/more") // is not served
			if early := c.answer(); early.StatusCode != 103 || early.Close {
				t.Errorf("%v, close %v", early.Status, early.Close)
			}
			if a := c.wants(200, "hello"); !a.Close {
				t.Error("the answer doesn't say close")
			}
			c.ended()
		}
	})
}

// TestDateField: RFC 9110 §6.6.1, §5.6.7. What else is sent unasked is no more
// than the message needs, and nothing that tells who we are (§10.2.4).
func TestDateField(t *testing.T) {
	f := serve(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		if string(r.Path()) == "/nothing" {
			_ = w.SetStatus(404)
		}
	})
	c := f.dial()
	for i, target := range []string{"/", "/nothing", "/%zz", "http://"} {
		before := time.Now().Truncate(time.Second)
		c.get(target)
		a := c.answer()
		value := a.Header.Get("Date")
		date, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", value)
		if err != nil || date.Format(http.TimeFormat) != value {
			t.Errorf("%s: Date %q: %v", target, value, err)
		}
		if date.Before(before) || date.After(time.Now()) {
			t.Errorf("%s: Date %q, at %v", target, value, before.UTC())
		}
		for name := range a.Header {
			switch name {
			case "Date", "Content-Length", "Content-Type", "Connection":
			default:
				t.Errorf("%s: %s is sent unasked", target, name)
			}
		}
		if i == 0 {
			time.Sleep(1100 * time.Millisecond) // the clock goes on
		}
	}
	c.ended()
}

// TestRequestsShareNothing: RFC 9110 §3.3: "a server MUST NOT assume that two
// requests on the same connection are from the same user agent".
func TestRequestsShareNothing(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		contexts := make(chan context.Context, 2)
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			contexts <- r.Context()
			_, secret := r.Field("Authorization")
			_, was := w.Header("Set-Cookie")
			if r.Transaction() == 1 {
				_ = w.SetStatus(201)
				_ = w.SetHeader("Set-Cookie", "secret")
				_, _ = r.ReadAll()
			}
			_, _ = fmt.Fprintf(w, "%s %d %t %t %d", r.Method(), r.ContentLength(), secret, was, r.Transaction())
		})
		c := f.dial()
		c.send("POST / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic Og==\r\nContent-Length: 3\r\n\r\nabc")
		c.get("/")
		c.wants(201, "POST 3 true false 1")
		a := c.wants(200, "GET 0 false false 2")
		if cookies := a.Header["Set-Cookie"]; cookies != nil {
			t.Errorf("the second answer has the cookie of the first: %v", cookies)
		}
		if first, second := <-contexts, <-contexts; first == second || first.Err() == nil {
			t.Error("the first request's context goes on")
		}
	})
}
