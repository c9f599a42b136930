package engine_test

import (
	"io"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestRequestBeforeAccept: a connection whose request has come before it is
// accepted is served without the poller. What comes while its handler waits, or
// after its first answer, is seen all the same.
func TestRequestBeforeAccept(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Dispatch.Loops = 1
		entered, free, waits := make(chan struct{}, 1), make(chan struct{}), make(chan struct{}, 1)
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			switch string(r.Path()) {
			case "/hold":
				entered <- struct{}{}
				<-free
			case "/body":
				waits <- struct{}{}
				body, err := io.ReadAll(r.Body())
				if err != nil {
					t.Errorf("body: %v", err)
				}
				_, _ = w.Write(body)
				return
			}
			_, _ = w.WriteString("hello")
		})
		holder := f.dial()
		holder.get("/hold") // in ModeInline nobody accepts meanwhile
		<-entered
		c, d := f.dial(), f.dial()
		c.send("%s12345", post("/body", 10))
		d.get("/")
		time.Sleep(5 * time.Millisecond)
		close(free)
		holder.wants(200, "hello")
		<-waits
		c.send("67890")
		c.wants(200, "1234567890")
		for range 3 {
			c.get("/")
			c.wants(200, "hello")
			d.wants(200, "hello")
			d.get("/")
		}
		d.wants(200, "hello")
		c.closeWrite()
		c.ended()
	})
}
