package engine_test

import (
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestStallBehindInline: the watchdog sees a handler that blocks also when it
// comes after a long time, of the same round of the loop, without anything to
// watch.
func TestStallBehindInline(t *testing.T) {
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModeAdaptive, Loops: 1}}
	leave := make(chan struct{})
	entered := make(chan struct{}, 2)
	long := engine.Inline(engine.HandlerFunc(func(w *engine.Response, _ *engine.Request) {
		entered <- struct{}{}
		time.Sleep(100 * time.Millisecond)
		hello(w, nil)
	}))
	let := sync.OnceFunc(func() { close(leave) })
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		switch string(r.Path()) {
		case "/long":
			long.ServeHTTP(w, r)
		case "/blocks":
			select {
			case <-leave:
			case <-time.After(2 * patience):
			}
			hello(w, r)
		default:
			hello(w, r)
		}
	})
	cs := []*client{f.dial(), f.dial(), f.dial(), f.dial()}
	for _, c := range cs { // all are known to the loop
		c.get("/")
		c.wants(200, "hello")
	}
	cs[0].get("/long")
	<-entered
	// While the loop is held these two come together: they are of one round.
	cs[1].get("/long")
	cs[2].get("/blocks")
	<-entered
	time.Sleep(150 * time.Millisecond)
	defer let()
	cs[3].get("/")
	cs[3].wants(200, "hello") // no handler holds its loop
	let()
	for _, c := range cs[:3] {
		c.wants(200, "hello")
	}
}

// TestStallAmongParks: the watchdog sees a handler that blocks also when its loop
// has parked again and again before, as that of a server with little to do does:
// then it has another clock.
func TestStallAmongParks(t *testing.T) {
	aboutLoops(t)
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModeAdaptive, Loops: 1}}
	leave := make(chan struct{})
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		if string(r.Path()) == "/blocks" {
			<-leave
		}
		hello(w, r)
	})
	pings, blocked := f.dial(), f.dial()
	ping := func(d time.Duration) {
		for began := time.Now(); time.Since(began) < d; {
			pings.get("/")
			pings.wants(200, "hello")
		}
	}
	ping(50 * time.Millisecond)
	blocked.get("/blocks")
	ping(50 * time.Millisecond)
	close(leave)
	blocked.wants(200, "hello")
	if f.Stats().Stalls == 0 {
		t.Error("no stall was counted")
	}
}

// TestLoggerAndHandlerShareALock: the watchdog holds nothing that a handler
// waits for while it logs.
func TestLoggerAndHandlerShareALock(t *testing.T) {
	var mu sync.Mutex
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModeAdaptive, Loops: 1}}
	o.Logger = lockedLogger(&mu)
	f := serveOn(t, listenNarrow(t), o, func(w *engine.Response, r *engine.Request) {
		if string(r.Path()) != "/log" {
			hello(w, r)
			return
		}
		mu.Lock() // as a handler does that shows the log
		defer mu.Unlock()
		time.Sleep(20 * time.Millisecond)
		_, _ = w.Write(make([]byte, 2<<20))
	})
	c, other := f.dial(), f.dial()
	c.get("/log")
	time.Sleep(50 * time.Millisecond)
	other.get("/")
	other.wants(200, "hello")
	if a := c.answer(); len(a.body) != 2<<20 {
		t.Errorf("%d bytes, %v", len(a.body), a.err)
	}
}

func lockedLogger(mu *sync.Mutex) *slog.Logger {
	return slog.New(slog.NewTextHandler(lockedWriter{mu}, nil))
}

type lockedWriter struct{ mu *sync.Mutex }

func (w lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(p), nil
}
