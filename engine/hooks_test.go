package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// watcher is told everything, and checks what holds for every connection: it
// opens once, changes from the state that it is in, and closes once, last.
type watcher struct {
	t       *testing.T
	mu      sync.Mutex
	lives   map[uint64][]string // what happened to each connection
	states  map[uint64]engine.ConnState
	ends    []engine.ConnEnd
	records []string
	opened  int64
}

func watch(t *testing.T, o *engine.Options) *watcher {
	w := &watcher{t: t, lives: make(map[uint64][]string), states: make(map[uint64]engine.ConnState)}
	o.Hooks.Opened = func(c engine.ConnInfo) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if _, there := w.states[c.ID()]; there || !c.RemoteAddr().IsValid() || c.LocalAddr().Addr() != netip.MustParseAddr("127.0.0.1") {
			t.Errorf("opened %d from %v at %v", c.ID(), c.RemoteAddr(), c.LocalAddr())
		}
		w.states[c.ID()] = engine.StateIdle
		w.opened++
		w.note(c, "opened")
	}
	o.Hooks.StateChanged = func(c engine.ConnInfo, from, to engine.ConnState) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if now, there := w.states[c.ID()]; !there || from != now || from == to {
			t.Errorf("%d, %v (%v): from %v to %v", c.ID(), now, there, from, to)
		}
		w.states[c.ID()] = to
		w.note(c, to.String())
	}
	o.Hooks.Closed = func(c engine.ConnInfo, end engine.ConnEnd) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if _, there := w.states[c.ID()]; !there || !c.LocalAddr().IsValid() || end.Age < 0 {
			t.Errorf("closed %d, %v, at %v: %+v", c.ID(), there, c.LocalAddr(), end)
		}
		delete(w.states, c.ID())
		w.ends = append(w.ends, end)
		w.note(c, "closed")
	}
	o.Hooks.RequestDone = func(r engine.RequestRecord) {
		w.mu.Lock()
		defer w.mu.Unlock()
		s := fmt.Sprintf("%d %s %s %d %d", r.Transaction, r.Method, r.Target, r.Status, r.Content)
		if r.Broken {
			s += " broken"
		}
		if _, there := w.states[r.Conn.ID()]; !there || r.Took < 0 {
			t.Errorf("%s of %d, %v, took %v", s, r.Conn.ID(), there, r.Took)
		}
		w.records = append(w.records, s)
	}
	return w
}

func (w *watcher) note(c engine.ConnInfo, what string) {
	w.lives[c.ID()] = append(w.lives[c.ID()], what)
}

// agrees checks what was told against the counters of a server that has ended.
func (w *watcher) agrees(s engine.Stats) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var in, out int64
	var reasons [conn.NumReasons]int64
	for _, e := range w.ends {
		in, out = in+e.BytesIn, out+e.BytesOut
		reasons[e.Reason]++
	}
	if w.opened != s.Accepted || len(w.states) != 0 || reasons != s.Closed || in != s.BytesIn || out != s.BytesOut {
		w.t.Errorf("opened %d, open %d, closed %v, %d in, %d out; the counters: %+v", w.opened, len(w.states), reasons, in, out, s)
	}
}

// TestHooksLife: the states of one connection, in order.
func TestHooksLife(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		w := watch(t, &o)
		f := serve(t, o, hello)
		c := f.dial()
		c.get("/1")
		c.wants(200, "hello")
		f.settle(w, "opened handling idle")
		c.send("GET /2 HTTP")
		f.settle(w, "opened handling idle receiving")
		c.send("/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
		c.wants(200, "hello")
		f.settle(w, "opened handling idle receiving handling lingering")
		_ = c.Close()
		f.settle(w, "opened handling idle receiving handling lingering closed")
		if got, want := strings.Join(w.records, ", "), "1 GET /1 200 5, 2 GET /2 200 5"; got != want {
			t.Errorf("requests: %s; want %s", got, want)
		}
		if e := w.ends[0]; e.Reason != conn.ReasonPeerAsked || e.Requests != 2 || e.Cut {
			t.Errorf("%+v", e)
		}
		if err := f.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		w.agrees(f.Stats())
	})
}

// settle waits until so much has happened to the only connection.
func (f *fixture) settle(w *watcher, want string) {
	f.t.Helper()
	got := ""
	if !within(patience, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, life := range w.lives {
			got = strings.Join(life, " ")
		}
		return got == want
	}) {
		f.t.Fatalf("%s; want %s", got, want)
	}
}

// TestRequestDone: what an access log gets of each kind of answer is what the
// peer gets.
func TestRequestDone(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		w := watch(t, &o)
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			switch string(r.Path()) {
			case "/panic":
				panic(engine.ErrAbort)
			case "/broken":
				_ = w.SetContentLength(10)
				hello(w, r)
				_ = w.Flush()
				panic(engine.ErrAbort)
			case "/short":
				_ = w.SetContentLength(10)
			case "/empty":
				_ = w.SetStatus(204)
				return
			case "/detach":
				d := w.Detach()
				go func() {
					_, _ = d.WriteString("later")
					_ = d.End()
				}()
				return
			}
			hello(w, r)
		})
		for _, row := range []struct{ request, want string }{
			{"GET /?a=b", "GET /?a=b 200 5"},
			{"HEAD /", "HEAD / 200 0"},
			{"GET /empty", "GET /empty 204 0"},
			{"GET /panic", "GET /panic 500 26"},
			{"HEAD /panic", "HEAD /panic 500 0"},
			{"GET /broken", "GET /broken 200 5 broken"},
			{"GET /short", "GET /short 200 5 broken"},
			{"GET /detach", "GET /detach 200 5"},
		} {
			c := f.dial()
			c.send("%s HTTP/1.1\r\nHost: a\r\n\r\n", row.request)
			method, _, _ := strings.Cut(row.request, " ")
			a := c.answerTo(method)
			_ = c.Close()
			var got string
			if !within(patience, func() bool {
				w.mu.Lock()
				defer w.mu.Unlock()
				got = strings.Join(w.records, ", ")
				return got != ""
			}) {
				t.Fatalf("%s: nothing told", row.request)
			}
			if got != "1 "+row.want || !strings.Contains(got, fmt.Sprintf(" %d %d", a.StatusCode, len(a.body))) {
				t.Errorf("told %q, want %q; the peer got %d with %d bytes", got, row.want, a.StatusCode, len(a.body))
			}
			w.mu.Lock()
			w.records = nil
			w.mu.Unlock()
		}
	})
}

// TestRequestDoneDeclined: 503 for want of a worker is told too, and what is
// refused shows in the reason of the end.
func TestRequestDoneDeclined(t *testing.T) {
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModePooled, Workers: 1, Queue: -1}}
	w := watch(t, &o)
	leave, entered := make(chan struct{}), make(chan struct{})
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		close(entered)
		<-leave
		hello(w, r)
	})
	busy, declined, refused := f.dial(), f.dial(), f.dial()
	busy.get("/busy")
	<-entered
	declined.get("/declined")
	a := declined.answer()
	refused.send("BROKEN\r\n")
	refused.wants(400, "400 Bad Request: method is not a token\n")
	close(leave)
	busy.wants(200, "hello")
	for _, c := range []*client{busy, declined, refused} {
		_ = c.Close()
	}
	f.booksAgree(0)
	if err := f.Shutdown(context.Background()); err != nil { // it returns after the last hook
		t.Error(err)
	}
	want := []string{fmt.Sprintf("1 GET /declined 503 %d", len(a.body)), "1 GET /busy 200 5"}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.records, want) {
		t.Errorf("%q, want %q", w.records, want)
	}
	if !slices.ContainsFunc(w.ends, func(e engine.ConnEnd) bool { return e.Reason == conn.ReasonBadRequest }) {
		t.Errorf("%+v", w.ends)
	}
}

// TestHookPanics: a hook that panics is logged, and nothing else happens.
func TestHookPanics(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		log := records(&o)
		o.Hooks = engine.Hooks{
			Panicked:     func(engine.Panic) { panic("in Panicked") },
			Opened:       func(engine.ConnInfo) { panic("in Opened") },
			StateChanged: func(engine.ConnInfo, engine.ConnState, engine.ConnState) { panic("in StateChanged") },
			Closed:       func(engine.ConnInfo, engine.ConnEnd) { panic("in Closed") },
			RequestDone:  func(engine.RequestRecord) { panic("in RequestDone") },
			Draining:     func() { panic("in Draining") },
			Drained:      func(engine.DrainReport, error) { panic("in Drained") },
		}
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/panic" {
				panic("for a test")
			}
			hello(w, r)
		})
		c := f.dial()
		c.get("/")
		c.wants(200, "hello")
		c.get("/panic")
		c.wants(500, "500 Internal Server Error\n")
		_ = c.Close()
		f.booksAgree(0)
		if err := f.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		said := log.all()
		if !within(patience, func() bool {
			said += log.all()
			for _, name := range []string{"Panicked", "Opened", "StateChanged", "Closed", "RequestDone", "Draining", "Drained"} {
				if !strings.Contains(said, "in "+name) {
					return false
				}
			}
			return true
		}) {
			t.Errorf("logged: %s", said)
		}
	})
}

// TestHooksMayEndTheServer: Shutdown returns at once in every hook.
func TestHooksMayEndTheServer(t *testing.T) {
	for _, name := range []string{"Opened", "StateChanged", "Closed", "RequestDone", "detached"} {
		inModes(t, func(t *testing.T, o engine.Options) {
			var f *fixture
			var calls atomic.Int64
			serving := make(chan struct{})
			end := func(hook string) {
				if <-serving; hook != name {
					return
				}
				calls.Add(1)
				if err := f.Shutdown(context.Background()); !errors.Is(err, engine.ErrDraining) {
					t.Errorf("in %s: %v", hook, err)
				}
			}
			o.Hooks = engine.Hooks{
				Opened:       func(engine.ConnInfo) { end("Opened") },
				StateChanged: func(engine.ConnInfo, engine.ConnState, engine.ConnState) { end("StateChanged") },
				Closed:       func(engine.ConnInfo, engine.ConnEnd) { end("Closed") },
				RequestDone:  func(engine.RequestRecord) { end("RequestDone") },
			}
			if name == "detached" {
				o.Hooks.RequestDone = func(engine.RequestRecord) { end("detached") }
			}
			f = serve(t, o, func(w *engine.Response, r *engine.Request) {
				if name == "detached" {
					go func(d *engine.Detached) { _ = d.End() }(w.Detach())
					return
				}
				hello(w, r)
			})
			close(serving)
			c := f.dial()
			c.get("/")
			_ = c.answer()
			_ = c.Close()
			select {
			case err := <-f.served:
				f.served <- err
			case <-time.After(patience):
				t.Fatal("Serve does not return")
			}
			f.booksAgree(0)
			if calls.Load() == 0 {
				t.Error("the hook was not called")
			}
		})
	}
}

// TestHooksUnderStress: whatever peers do, what hooks are told adds up.
func TestHooksUnderStress(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		w := watch(t, &o)
		f := serve(t, o, dawdler)
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for k := range 5 {
					c := f.dial()
					c.send("%s", pipelined(1+(i+k)%7, -1))
					if k%3 == 0 {
						c.reset()
						continue
					}
					_ = c.answer()
					_ = c.Close()
				}
			}()
		}
		wg.Wait()
		if err := f.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		w.agrees(f.Stats())
		if n := int64(len(w.records)); n != f.Stats().Requests {
			t.Errorf("%d requests told, %d counted", n, f.Stats().Requests)
		}
	})
}
