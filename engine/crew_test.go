package engine_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestWorkersBounded: so many requests are at work, so many wait, and the rest
// is told to come again. Handlers that end in any way make room.
func TestWorkersBounded(t *testing.T) {
	o := engine.Options{Dispatch: engine.DispatchOptions{
		Mode: engine.ModePooled, Workers: 2, Queue: 3, RetryAfter: 7 * time.Second, IdleWorkers: 1,
	}}
	entered, leave := make(chan struct{}, 100), make(chan struct{})
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		entered <- struct{}{}
		<-leave
		switch string(r.Path()) {
		case "/panic":
			panic(engine.ErrAbort)
		case "/goexit":
			runtime.Goexit()
		}
		hello(w, r)
	})
	ways := []string{"/goexit", "/panic", "/goexit", "/", "/"} // two at work and three that wait
	cs := make([]*client, len(ways))
	for i, way := range ways {
		cs[i] = f.dial()
		cs[i].get(way)
		if i < 2 {
			<-entered
		} else if !within(patience, func() bool { return f.Stats().Queued == int64(i-1) }) {
			t.Fatalf("%d wait", f.Stats().Queued)
		}
	}
	for range 5 {
		c := f.dial()
		for range 2 {
			c.send("%sabc", post("/", 3))
			a := c.answer()
			if a.StatusCode != 503 || a.Header.Get("Retry-After") != "7" || a.err != nil {
				t.Fatalf("%s, Retry-After %q, %v", a.Status, a.Header.Get("Retry-After"), a.err)
			}
			if a.Close {
				c = f.dial()
			}
		}
	}
	if n := f.Stats().Declined; n != 10 {
		t.Errorf("%d declined", n)
	}
	close(leave)
	for i, c := range cs {
		want, body := 500, "500 Internal Server Error\n"
		if ways[i] == "/" {
			want, body = 200, "hello"
		}
		c.wants(want, body)
	}
	for range 50 {
		c := f.dial()
		c.get("/goexit")
		c.wants(500, "500 Internal Server Error\n")
		_ = c.Close()
	}
	cs[4].get("/")
	cs[4].wants(200, "hello")
}
