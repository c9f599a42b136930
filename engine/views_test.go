package engine_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestViewsStayWhileTheHandlerWaits: views of a head and of a body are the same
// after the handler has waited for a slow peer, while others are served from the
// buffers that it could have given up.
func TestViewsStayWhileTheHandlerWaits(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		filling := make([]byte, 8<<20)
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/other" {
				hello(w, r)
				return
			}
			b, err := r.ReadAll()
			if err != nil {
				t.Error(err)
			}
			_, before := r.Target(), sha256.Sum256(b)
			target := string(r.Target())
			_, _ = w.Write(filling)
			if got := string(r.Target()); got != target {
				t.Errorf("the target was %q, is %q", target, got)
			}
			_, _ = fmt.Fprintf(w, "%v", before == sha256.Sum256(b))
		})
		for name, pieces := range bodyDeliveries() {
			c := f.dial()
			for _, p := range pieces {
				c.send("%s", p)
				time.Sleep(5 * time.Millisecond)
			}
			f.othersAreServed()
			if a := c.answer(); a.err != nil || len(a.body) != len(filling)+4 || a.body[len(filling):] != "true" {
				t.Errorf("%s: the body has changed under its view: %d bytes, %v", name, len(a.body), a.err)
			}
			_ = c.Close()
		}
	})
}

// bodyDeliveries are the ways in which a body comes to lie in different memory.
func bodyDeliveries() map[string][]string {
	body := string(bytes.Repeat([]byte("content "), 1000))
	head := post("/view", len(body))
	return map[string][]string{
		"whole":             {head + body},
		"head, body":        {head, body},
		"head in pieces":    {head[:10], head[10:] + body},
		"body in pieces":    {head + body[:100], body[100:]},
		"all in pieces":     {head[:10], head[10:] + body[:100], body[100:]},
		"with another":      {head + body + "GET /other HTTP/1.1\r\nHost: a\r\n\r\n"},
		"with half another": {head + body + "GET /ot"},
	}
}

// othersAreServed has many other connections read into many buffers.
func (f *fixture) othersAreServed() {
	var all sync.WaitGroup
	for range 8 {
		c := f.dial()
		all.Add(1)
		go func() {
			defer all.Done()
			junk := bytes.Repeat([]byte("junk"), 4<<10)
			for range 5 {
				c.send("%s%s", post("/other", len(junk)), junk)
				c.wants(200, "hello")
			}
			_ = c.Close()
		}()
	}
	all.Wait()
}
