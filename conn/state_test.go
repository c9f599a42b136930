package conn

import (
	"strings"
	"testing"
)

// TestNames: every state, event, deadline and reason has a name of its own.
func TestNames(t *testing.T) {
	all := map[string][]string{}
	for s := readHead; s <= readClosed; s++ {
		all["read"] = append(all["read"], s.String())
	}
	for s := writeIdle; s <= writeClosed; s++ {
		all["write"] = append(all["write"], s.String())
	}
	for s := lifeOpen; s <= lifeClosed; s++ {
		all["life"] = append(all["life"], s.String())
	}
	for e := NeedInput; e <= Reset; e++ {
		all["event"] = append(all["event"], e.String())
	}
	for d := NoDeadline; d <= LingerDeadline; d++ {
		all["deadline"] = append(all["deadline"], d.String())
	}
	for r := ReasonNone; r <= NumReasons; r++ { // the last one is unknown
		all["reason"] = append(all["reason"], r.String())
	}
	for kind, names := range all {
		seen := map[string]bool{}
		for _, n := range names {
			if n == "" || seen[n] {
				t.Errorf("%s: %q is no name of its own in %q", kind, n, names)
			}
			seen[n] = true
		}
	}
}

// TestStateQueries: what a driver asks of a state, along the life of a
// connection.
func TestStateQueries(t *testing.T) {
	type answers struct{ idle, resting, deaf, lingering, closed bool }
	cfg := DefaultConfig()
	var c Conn
	c.Init(&cfg, 0)
	check := func(when string, want answers) {
		t.Helper()
		s := c.State()
		if got := (answers{s.Idle(), c.Resting(), c.Deaf(), s.Lingering(), s.Closed()}); got != want {
			t.Errorf("%s: %s: %+v, want %+v", when, s, got, want)
		}
	}
	check("new", answers{idle: true, resting: true})
	c.Receive(0, []byte("GET / HTTP/1.1\r\nHost: a\r\n"))
	c.Next(0)
	c.Release()
	check("half a head", answers{idle: true})
	c.Receive(0, []byte("\r\n"))
	if e := c.Next(0); e != Requested {
		t.Fatal(e)
	}
	check("requested", answers{})
	c.Drain(0, 0)
	if err := c.End(0); err != nil {
		t.Fatal(err)
	}
	check("answered", answers{deaf: true})
	if e := c.Next(0); e != Flush {
		t.Fatal(e)
	}
	o := c.Output()
	c.Sent(0, o.Len())
	if e := c.Next(0); e != Shutdown {
		t.Fatal(e)
	}
	check("shut down", answers{deaf: true, lingering: true})
	in := c.BytesIn()
	c.Discarded(1, 1000)
	if c.BytesIn() != in+1000 {
		t.Errorf("BytesIn %d after discarding 1000 of %d", c.BytesIn(), in)
	}
	if when, _ := c.Deadline(); when != 1+cfg.DrainLinger {
		t.Errorf("discarding did not move the deadline: %s", when)
	}
	c.ReceiveEnd(2)
	if e := c.Next(2); e != Close {
		t.Fatal(e)
	}
	check("closed", answers{deaf: true, closed: true})
	if e := c.Next(2); e != Close || c.Reason() != ReasonDrain {
		t.Errorf("again: %s, %s", e, c.Reason())
	}
}

// TestImpossible: what cannot happen panics and names the state.
func TestImpossible(t *testing.T) {
	cfg := DefaultConfig()
	var c Conn
	c.Init(&cfg, 0)
	defer func() {
		if p, _ := recover().(string); !strings.Contains(p, "head/idle/open") {
			t.Errorf("panic says %q", p)
		}
	}()
	c.Consume(1)
}
