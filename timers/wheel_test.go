package timers

import (
	"math"
	"testing"
	"time"
	"unsafe"
)

// expireAll returns the owners of all nodes that expire at now, in order.
func expireAll[T any](w *Wheel[T], now time.Duration) (owners []*T) {
	for n := w.Expire(now); n != nil; n = w.Expire(now) {
		owners = append(owners, n.Owner)
	}
	return owners
}

func TestEmptyWheel(t *testing.T) {
	w := NewWheel[int](5 * time.Second)
	if when, ok := w.NextWake(); ok {
		t.Errorf("NextWake() = %v, true", when)
	}
	if n := w.Expire(math.MaxInt64); n != nil {
		t.Errorf("Expire() = %v", n)
	}
	if w.Len() != 0 {
		t.Errorf("Len() = %d", w.Len())
	}
	var n Node[int]
	w.Cancel(&n)
	if n.Scheduled() || w.Len() != 0 {
		t.Error("Cancel of an unscheduled node did something")
	}
}

func TestNodeIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Node[[1000]byte]{}); size > 32 {
		t.Errorf("a Node has %d bytes, want at most 32", size)
	}
	if size := unsafe.Sizeof(Wheel[[1000]byte]{}); size > 17<<10 {
		t.Errorf("a Wheel has %d bytes, and promises about 16 KB", size)
	}
}

func TestNeverEarlyAtMostATickLate(t *testing.T) {
	for _, when := range []time.Duration{
		1, Tick - 1, Tick, Tick + 1, 63 * Tick, 64*Tick - 1, 64 * Tick, 64*Tick + 1, time.Minute + 1, time.Hour,
	} {
		w := NewWheel[int](0)
		n := Node[int]{Owner: new(int)}
		w.Schedule(&n, when)
		if got := expireAll(w, when-1); got != nil {
			t.Errorf("due at %v: expired a nanosecond before", when)
		}
		if got := expireAll(w, when+Tick-1); len(got) != 1 || got[0] != n.Owner {
			t.Errorf("due at %v: not expired at %v", when, when+Tick-1)
		}
	}
}

func TestPastDeadlinesExpireAtOnce(t *testing.T) {
	now := time.Hour
	w := NewWheel[time.Duration](now)
	whens := []time.Duration{now, now - 1, 0, -1, math.MinInt64, now - time.Minute}
	nodes := make([]Node[time.Duration], len(whens))
	for i := range nodes {
		nodes[i].Owner = &whens[i]
		w.Schedule(&nodes[i], whens[i])
	}
	if wake, ok := w.NextWake(); !ok || wake != now {
		t.Errorf("NextWake() = %v, %v, want %v", wake, ok, now)
	}
	for i, got := range expireAll(w, now) {
		if got != &whens[i] {
			t.Errorf("expired %v, want %v", *got, whens[i])
		}
	}
	if w.Len() != 0 {
		t.Errorf("Len() = %d after all expired", w.Len())
	}
}

func TestInOrderWithinATick(t *testing.T) {
	w := NewWheel[int](0)
	const when = 5000*Tick + 1
	ids := make([]int, 8)
	nodes := make([]Node[int], len(ids))
	for i := range nodes {
		ids[i] = i
		nodes[i].Owner = &ids[i]
		w.Schedule(&nodes[i], when)
		// Each is scheduled from another distance, thus on another level.
		expireAll(w, []time.Duration{0, 900, 4000, 4095, 4096, 4990, 4999, 5000}[i]*Tick)
	}
	got := expireAll(w, when+Tick)
	if len(got) != len(ids) {
		t.Fatalf("%d expired, want %d", len(got), len(ids))
	}
	for i := range got {
		if *got[i] != i {
			t.Errorf("node %d came as number %d", *got[i], i)
		}
	}
}

// TestReArmAtLevelBorders moves a node from and to both sides of each border
// between slots and levels, seen from both sides of each border.
func TestReArmAtLevelBorders(t *testing.T) {
	var borders []time.Duration
	for level := range levels - 1 {
		for _, slots := range []time.Duration{1, 2, 63} {
			at := slots * Tick << (level * slotBits)
			borders = append(borders, at-Tick, at-1, at, at+1, at+Tick)
		}
	}
	for _, start := range borders {
		for _, first := range borders {
			if first <= start {
				continue
			}
			p := newPair(1, start)
			for _, second := range borders {
				p.schedule(0, first)
				p.schedule(0, second)
				p.checkNextWake(t)
			}
			p.schedule(0, first)
			if _, ok := p.expire(t, first-1); ok {
				t.Fatalf("from %v: due at %v, expired before", start, first)
			}
			p.now = add(first, Tick-1)
			if _, ok := p.expire(t, p.now); !ok {
				t.Fatalf("from %v: due at %v, not expired a tick later", start, first)
			}
			if err := p.wheel.verify(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestEarlyWakeUps follows NextWake for one node: what a coarse slot costs.
func TestEarlyWakeUps(t *testing.T) {
	for _, tc := range []struct {
		when time.Duration
		most int
	}{
		{50 * time.Millisecond, 0},
		{3 * time.Second, 1},
		{75 * time.Second, 2},
		{time.Hour, 3},
		{10 * 24 * time.Hour, 4},
		{365 * 24 * time.Hour, 5},
		{100 * 365 * 24 * time.Hour, 6},
		{math.MaxInt64 - time.Second, 7},
	} {
		w := NewWheel[int](0)
		n := Node[int]{Owner: new(int)}
		w.Schedule(&n, tc.when)
		early := 0
		for {
			wake, ok := w.NextWake()
			if !ok {
				t.Fatalf("due in %v: lost", tc.when)
			}
			if w.Expire(wake) != nil {
				if wake < tc.when || wake >= tc.when+Tick {
					t.Errorf("due in %v: expired at %v", tc.when, wake)
				}
				break
			}
			early++
		}
		if early > tc.most {
			t.Errorf("due in %v: %d early wake-ups, want at most %d", tc.when, early, tc.most)
		}
	}
}

func TestFarHorizon(t *testing.T) {
	const year = 365 * 24 * time.Hour
	w := NewWheel[int](time.Minute)
	far, never := Node[int]{Owner: new(int)}, Node[int]{Owner: new(int)}
	w.Schedule(&far, 250*year)
	w.Schedule(&never, math.MaxInt64)
	for at := year; at < 250*year; at += year {
		if got := expireAll(w, at); got != nil {
			t.Fatalf("expired after %d years", at/year)
		}
	}
	if got := expireAll(w, 250*year); len(got) != 1 || got[0] != far.Owner {
		t.Errorf("%d nodes expired after 250 years, want the one due", len(got))
	}
	if got := expireAll(w, math.MaxInt64); got != nil || !never.Scheduled() {
		t.Error("math.MaxInt64 is never, and it passed")
	}
	if wake, ok := w.NextWake(); !ok || wake != math.MaxInt64 {
		t.Errorf("NextWake() = %v, %v, want the end of time", wake, ok)
	}
	w.Cancel(&never)
	if w.Len() != 0 {
		t.Errorf("Len() = %d", w.Len())
	}
}

// TestJumps expires everything in one round after a time of any length.
func TestJumps(t *testing.T) {
	for jump := Tick; jump > 0 && jump < math.MaxInt64/3; jump *= 3 {
		p := newPair(200, 7*time.Second)
		for id := range p.nodes {
			p.schedule(id, p.now+1+jump/time.Duration(len(p.nodes))*time.Duration(id*37%len(p.nodes)))
		}
		p.now += jump + Tick
		p.round(t)
		p.check(t)
		if p.fired != len(p.nodes) {
			t.Fatalf("jump of %v: %d expired, want %d", jump, p.fired, len(p.nodes))
		}
	}
}

// TestChangesWithinARound cancels and moves nodes that are due themselves.
func TestChangesWithinARound(t *testing.T) {
	w := NewWheel[int](0)
	nodes := make([]Node[int], 4)
	for i := range nodes {
		w.Schedule(&nodes[i], 10*Tick)
	}
	now := 20 * Tick
	if n := w.Expire(now); n != &nodes[0] {
		t.Fatal("the first node did not come first")
	}
	w.Cancel(&nodes[1])              // due, and not to be seen again
	w.Schedule(&nodes[2], time.Hour) // due, and put off
	w.Schedule(&nodes[0], now)       // due again, in the same round
	if n := w.Expire(now); n != &nodes[3] {
		t.Error("the untouched node did not come next")
	}
	if n := w.Expire(now); n != &nodes[0] {
		t.Error("a node re-armed for now did not come in the same round")
	}
	if n := w.Expire(now); n != nil || w.Len() != 1 || !nodes[2].Scheduled() {
		t.Errorf("after the round: %v, %d scheduled", n, w.Len())
	}
	if n := w.Expire(time.Hour); n != &nodes[2] {
		t.Error("the node put off was lost")
	}
}

func TestClockGoingBack(t *testing.T) {
	w := NewWheel[int](0)
	n := Node[int]{Owner: new(int)}
	w.Expire(time.Second)
	w.Schedule(&n, 2*time.Second)
	if w.Expire(-time.Hour) != nil || w.Expire(0) != nil {
		t.Error("expired before its deadline")
	}
	if w.Expire(2*time.Second) != &n {
		t.Error("not expired at its deadline")
	}
}

func TestInitAgain(t *testing.T) {
	var w Wheel[int]
	w.Init(time.Hour)
	n := Node[int]{Owner: new(int)}
	w.Schedule(&n, 2*time.Hour)
	mustPanic(t, "Init of a wheel that holds nodes", func() { w.Init(0) })
	w.Cancel(&n)
	w.Init(0)
	w.Schedule(&n, time.Second)
	if w.Expire(time.Second) != &n {
		t.Error("a wheel set up again does not work")
	}
}

func TestMisusePanics(t *testing.T) {
	mustPanic(t, "NewWheel before the epoch", func() { NewWheel[int](-1) })
	mustPanic(t, "Schedule on a zero Wheel", func() { new(Wheel[int]).Schedule(new(Node[int]), 1) })
	a, b := NewWheel[int](0), NewWheel[int](0)
	var n Node[int]
	a.Schedule(&n, time.Second)
	mustPanic(t, "Cancel in another wheel", func() { b.Cancel(&n) })
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s did not panic", what)
		}
	}()
	f()
}

func TestNothingAllocates(t *testing.T) {
	w := NewWheel[int](0)
	nodes := make([]Node[int], 100)
	now := time.Duration(0)
	allocs := testing.AllocsPerRun(100, func() {
		for i := range nodes {
			w.Schedule(&nodes[i], now+time.Duration(i)*time.Second)
		}
		w.NextWake()
		w.Cancel(&nodes[50])
		now += time.Minute
		for w.Expire(now) != nil {
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations, want 0", allocs)
	}
}
