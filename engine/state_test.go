package engine_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// menagerie is a server with a connection in each state, and what it takes to
// let them go on.
type menagerie struct {
	*fixture
	leave    chan struct{}
	detached chan *engine.Detached
	clients  [engine.NumStates]*client
}

// bigFile is more than the buffers of two sockets hold.
const bigFile = 32 << 20

func newMenagerie(t *testing.T, o engine.Options) *menagerie {
	t.Helper()
	name := filepath.Join(t.TempDir(), "big")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, bigFile); err != nil {
		t.Fatal(err)
	}
	// They are to stay in their states until the test goes on.
	o.Timeouts.Head, o.Timeouts.Write, o.Close.LingerIdle, o.Close.LingerTotal = time.Hour, time.Hour, time.Hour, time.Hour
	m := &menagerie{leave: make(chan struct{}), detached: make(chan *engine.Detached, 1)}
	m.fixture = serve(t, o, func(w *engine.Response, r *engine.Request) {
		switch string(r.Path()) {
		case "/wait":
			<-m.leave
		case "/file":
			f, err := os.Open(name)
			if err != nil {
				t.Error(err)
				return
			}
			_ = w.SendFile(f, 0, -1)
			return
		case "/detach":
			m.detached <- w.Detach()
			return
		}
		hello(w, r)
	})
	for state := range m.clients[:engine.StateHijacked] {
		m.clients[state] = m.dial()
	}
	m.clients[engine.StateIdle].get("/")
	m.clients[engine.StateIdle].wants(200, "hello")
	m.clients[engine.StateReceiving].send("GET / HTT")
	m.clients[engine.StateSending].slow().get("/file")
	m.clients[engine.StateLingering].send("GET / HTTP/1.0\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
	m.clients[engine.StateLingering].wants(200, "hello")
	m.clients[engine.StateDetached].get("/detach")
	return m
}

// settles waits until there is one connection in each state but the hijacked, and
// in those that are not asked for.
func (m *menagerie) settles(without ...engine.ConnState) {
	m.t.Helper()
	want := [engine.NumStates]int64{}
	for state := range engine.StateHijacked {
		want[state] = 1
	}
	for _, state := range without {
		want[state] = 0
	}
	if !within(patience, func() bool { return m.Stats().States == want }) {
		m.t.Errorf("states %v, want %v", m.Stats().States, want)
	}
}

// end has what waits go on.
func (m *menagerie) end() {
	close(m.leave)
	d := <-m.detached
	_ = d.End()
	for _, c := range m.clients {
		if c != nil {
			_ = c.Close()
		}
	}
}

// TestStates: a connection is counted in the state that it is in.
func TestStates(t *testing.T) {
	for _, exact := range []bool{false, true} {
		inModes(t, func(t *testing.T, o engine.Options) {
			if exact {
				o.Hooks.StateChanged = func(engine.ConnInfo, engine.ConnState, engine.ConnState) {}
			}
			m := newMenagerie(t, o)
			if o.Dispatch.Mode != engine.ModeInline {
				m.clients[engine.StateHandling].get("/wait")
				m.settles()
			} else {
				_ = m.clients[engine.StateHandling].Close()
				m.settles(engine.StateHandling)
			}
			m.end()
			m.booksAgree(0)
			if s := m.Stats().States; s != [engine.NumStates]int64{} {
				t.Errorf("at the end: %v", s)
			}
		})
	}
}

// TestStatesInlineExact: with the hook also a handler that holds its loop counts.
func TestStatesInlineExact(t *testing.T) {
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModeInline, Loops: 1}}
	o.Hooks.StateChanged = func(engine.ConnInfo, engine.ConnState, engine.ConnState) {}
	var f *fixture
	states, serving := make(chan [engine.NumStates]int64, 1), make(chan struct{})
	f = serve(t, o, func(w *engine.Response, r *engine.Request) {
		<-serving
		states <- f.Stats().States
		hello(w, r)
	})
	close(serving)
	c := f.dial()
	c.get("/")
	if s := <-states; s[engine.StateHandling] != 1 || s[engine.StateIdle] != 0 {
		t.Errorf("in a handler: %v", s)
	}
	c.wants(200, "hello")
}

// TestStatesQueued: what waits for a worker is being handled.
func TestStatesQueued(t *testing.T) {
	leave := make(chan struct{})
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModePooled, Workers: 1, Queue: 10}}
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		<-leave
		hello(w, r)
	})
	cs := []*client{f.dial(), f.dial(), f.dial()}
	for _, c := range cs {
		c.get("/")
	}
	if !within(patience, func() bool { s := f.Stats(); return s.States[engine.StateHandling] == 3 && s.Queued == 2 }) {
		t.Errorf("%+v", f.Stats())
	}
	close(leave)
	for _, c := range cs {
		c.wants(200, "hello")
	}
	if !within(patience, func() bool { return f.Stats().States[engine.StateIdle] == 3 }) {
		t.Errorf("%+v", f.Stats())
	}
}

// TestStateOfStalled: a handler from which the watchdog took the loop is counted.
func TestStateOfStalled(t *testing.T) {
	aboutLoops(t)
	leave := make(chan struct{})
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModeAdaptive, Loops: 1}}
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		<-leave
		hello(w, r)
	})
	c := f.dial()
	c.get("/")
	if !within(patience, func() bool { s := f.Stats(); return s.Stalls == 1 && s.States[engine.StateHandling] == 1 }) {
		t.Errorf("%+v", f.Stats())
	}
	close(leave)
	c.wants(200, "hello")
	if !within(patience, func() bool { return f.Stats().States[engine.StateIdle] == 1 }) {
		t.Errorf("%+v", f.Stats())
	}
}

// TestLongestRound: what one handler has another connection wait for is seen.
func TestLongestRound(t *testing.T) {
	aboutLoops(t)
	const held = 50 * time.Millisecond
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModeInline, Loops: 1}}
	entered := make(chan struct{})
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		if string(r.Path()) == "/long" {
			close(entered)
			time.Sleep(held)
		}
		hello(w, r)
	})
	began := time.Now()
	long, other := f.dial(), f.dial()
	other.get("/")
	other.wants(200, "hello")
	const unused = 20 * held // which nobody waits for
	time.Sleep(unused)
	// A machine that stops has a round that is as long as that.
	if d, stopped := f.Stats().LongestRound, time.Since(began)-unused; d >= unused && stopped < unused {
		t.Errorf("%v before anything was slow", d)
	}
	long.get("/long")
	<-entered
	other.get("/")
	other.wants(200, "hello")
	long.wants(200, "hello")
	if d := f.Stats().LongestRound; d < held {
		t.Errorf("longest round %v, want at least %v", d, held)
	}
}
