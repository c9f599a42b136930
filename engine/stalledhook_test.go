package engine_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestHandlerThatNeverReturns: one that sleeps for ever on each loop holds up
// nobody else, and the hook names each of them.
func TestHandlerThatNeverReturns(t *testing.T) {
	aboutLoops(t)
	for try := 1; ; try++ {
		disturbed := false
		t.Run(fmt.Sprint(try), func(t *testing.T) { disturbed = neverReturns(t) })
		if !disturbed {
			return
		}
		if try == 20 {
			t.Fatal("the machine makes other handlers slow, again and again")
		}
	}
}

// neverReturns reports true if the machine had other handlers hold a loop for
// long: who is told of then, and by whom, can't be said.
func neverReturns(t *testing.T) (disturbed bool) {
	t.Helper()
	const loops, others = 2, 16
	var mu sync.Mutex
	stalls := map[string]engine.Stall{}
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModeAdaptive, Loops: loops}}
	o.Hooks.Stalled = func(s engine.Stall) {
		mu.Lock()
		defer mu.Unlock()
		stalls[s.Target] = s
	}
	log := records(&o)
	leave := make(chan struct{})
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		if strings.HasPrefix(string(r.Path()), "/sleeps") {
			<-leave
		}
		hello(w, r)
	})
	var sleepers, cs []*client
	for range others {
		c := f.dial()
		c.get("/") // by now it has its loop
		c.wants(200, "hello")
		cs = append(cs, c)
	}
	// Connections are spread evenly over loops: neighbours have different ones.
	// Only the first of each loop is sure to find it without slow handlers.
	for i := range loops {
		sleepers = append(sleepers, f.dial())
		sleepers[i].get(fmt.Sprintf("/sleeps/%d?for=ever", i))
	}
	defer close(leave)
	if !within(patience, func() bool {
		mu.Lock()
		defer mu.Unlock()
		for target := range stalls {
			disturbed = disturbed || !strings.HasPrefix(target, "/sleeps/")
		}
		return len(stalls) == loops || disturbed
	}) {
		t.Fatalf("the hook has told of %v", stalls)
	}
	if disturbed {
		return true
	}
	for i := range loops {
		s, ok := stalls[fmt.Sprintf("/sleeps/%d?for=ever", i)]
		if !ok || s.Method != "GET" || s.Held < time.Millisecond {
			t.Errorf("stall of sleeper %d: %+v, told %v", i, s, ok)
		}
	}
	logged := ""
	if !within(patience, func() bool { logged += log.all(); return logged != "" }) {
		t.Error("no stall was logged")
	}
	for range 10 {
		for _, c := range cs {
			c.get("/")
			c.wants(200, "hello")
		}
	}
	c := f.dial()
	c.get("/")
	c.wants(200, "hello")
	if st := f.Stats(); st.Stalls < loops {
		t.Errorf("%d stalls counted", st.Stalls)
	}
	if logged += log.all(); strings.Count(logged, "/sleeps/") != 1 {
		t.Errorf("want one line in a minute, logged %q", logged)
	}
	return false
}

// TestStalledHookPanics: it is logged as with any other hook.
func TestStalledHookPanics(t *testing.T) {
	aboutLoops(t)
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModeAdaptive, Loops: 1}}
	o.Hooks.Stalled = func(engine.Stall) { panic("in Stalled") }
	log := records(&o)
	logged := ""
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		if !within(patience, func() bool { logged += log.all(); return strings.Contains(logged, "in Stalled") }) {
			t.Error("the panic was not logged")
		}
		hello(w, r)
	})
	c := f.dial()
	c.get("/")
	c.wants(200, "hello")
}
