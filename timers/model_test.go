package timers

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// model is what a Wheel must be equal to: a sorted list.
type model struct {
	// The tick of the last node that expired or of the last finished round,
	// whichever is later.
	now   uint64
	seq   int
	queue []modelEntry
}

// modelEntry is sorted by the tick at which it can first be returned, then by
// the order of scheduling.
type modelEntry struct {
	key  uint64
	seq  int
	id   int
	when time.Duration
}

// roundUp and roundDown restate deadlineTick and elapsedTicks in other terms.
func roundUp(when time.Duration) uint64 {
	ticks := roundDown(when)
	if when > 0 && when%time.Millisecond != 0 {
		ticks++
	}
	return ticks
}

func roundDown(now time.Duration) uint64 { return uint64(max(0, now.Milliseconds())) }

func (m *model) schedule(id int, when time.Duration) {
	m.cancel(id)
	m.seq++
	e := modelEntry{max(m.now, roundUp(when)), m.seq, id, when}
	at, _ := slices.BinarySearchFunc(m.queue, e, func(a, b modelEntry) int {
		if a.key != b.key {
			return int(int64(a.key) - int64(b.key))
		}
		return a.seq - b.seq
	})
	m.queue = slices.Insert(m.queue, at, e)
}

func (m *model) find(id int) int {
	return slices.IndexFunc(m.queue, func(e modelEntry) bool { return e.id == id })
}

func (m *model) cancel(id int) {
	if i := m.find(id); i >= 0 {
		m.queue = slices.Delete(m.queue, i, i+1)
	}
}

func (m *model) expire(now time.Duration) (modelEntry, bool) {
	target := max(m.now, roundDown(now))
	if len(m.queue) == 0 || m.queue[0].key > target {
		m.now = target
		return modelEntry{}, false
	}
	e := m.queue[0]
	m.queue = m.queue[1:]
	m.now = e.key
	return e, true
}

// pair is a wheel beside its model; it does everything to both.
type pair struct {
	wheel *Wheel[int]
	model model
	nodes []Node[int]
	now   time.Duration // never goes back
	fired int
}

func newPair(nodes int, now time.Duration) *pair {
	p := &pair{wheel: NewWheel[int](now), nodes: make([]Node[int], nodes), now: now}
	p.model.now = roundDown(now)
	for i := range p.nodes {
		id := i
		p.nodes[i].Owner = &id
	}
	return p
}

func (p *pair) schedule(id int, when time.Duration) {
	p.wheel.Schedule(&p.nodes[id], when)
	p.model.schedule(id, when)
}

func (p *pair) cancel(id int) {
	p.wheel.Cancel(&p.nodes[id])
	p.model.cancel(id)
}

// expire is one call of Expire, at p.now or before it.
func (p *pair) expire(t testing.TB, now time.Duration) (id int, ok bool) {
	t.Helper()
	n := p.wheel.Expire(now)
	want, ok := p.model.expire(now)
	switch {
	case n == nil && ok:
		t.Fatalf("Expire(%v) = nil, want node %d due at %v", now, want.id, want.when)
	case n == nil:
		return 0, false
	case !ok:
		t.Fatalf("Expire(%v) = node %d due at %v, want nil", now, *n.Owner, n.When())
	case *n.Owner != want.id:
		t.Fatalf("Expire(%v) = node %d due at %v, want %d due at %v", now, *n.Owner, n.When(), want.id, want.when)
	case n.Scheduled():
		t.Fatalf("node %d is scheduled after it expired", want.id)
	case want.when > p.now:
		t.Fatalf("node %d expired at %v, before its deadline %v", want.id, p.now, want.when)
	}
	p.fired++
	return want.id, true
}

// round expires all that is due at p.now.
func (p *pair) round(t testing.TB) {
	t.Helper()
	for {
		if _, ok := p.expire(t, p.now); !ok {
			break
		}
	}
	for _, e := range p.model.queue {
		if e.when <= p.now-Tick {
			t.Fatalf("node %d due at %v is more than a tick late at %v", e.id, e.when, p.now)
		}
	}
}

func (p *pair) check(t testing.TB) {
	t.Helper()
	if got, want := p.wheel.Len(), len(p.model.queue); got != want {
		t.Fatalf("Len() = %d, want %d", got, want)
	}
	p.checkNextWake(t)
	scheduled := make([]bool, len(p.nodes))
	for _, e := range p.model.queue {
		scheduled[e.id] = true
		if got := p.nodes[e.id].When(); got != e.when {
			t.Fatalf("node %d: When() = %v, want %v", e.id, got, e.when)
		}
	}
	for id := range p.nodes {
		if got := p.nodes[id].Scheduled(); got != scheduled[id] {
			t.Fatalf("node %d: Scheduled() = %v, want %v", id, got, scheduled[id])
		}
	}
	if err := p.wheel.verify(); err != nil {
		t.Fatal(err)
	}
}

func (p *pair) checkNextWake(t testing.TB) {
	t.Helper()
	wake, ok := p.wheel.NextWake()
	if ok != (len(p.model.queue) > 0) {
		t.Fatalf("NextWake() = %v, %v with %d nodes", wake, ok, len(p.model.queue))
	}
	if !ok {
		return
	}
	first := p.model.queue[0]
	latest := time.Duration(math.MaxInt64)
	if first.key <= math.MaxInt64/uint64(Tick) {
		latest = time.Duration(first.key) * Tick
	}
	reached := time.Duration(p.model.now) * Tick
	if wake > latest || wake < reached || wake == reached && first.key > p.model.now {
		t.Fatalf("NextWake() = %v at %v, earliest deadline %v", wake, reached, first.when)
	}
}

// verify checks what holds of a wheel between any two calls.
func (w *Wheel[T]) verify() error {
	count := 0
	for slot := range w.slots {
		head := &w.slots[slot]
		occupied := w.occupied[slot>>slotBits]>>(slot&slotMask)&1 == 1
		if occupied != (head.next != head) {
			return fmt.Errorf("slot %d: bit is %v", slot, occupied)
		}
		if head.when != time.Duration(slot) {
			return fmt.Errorf("slot %d: index is %d", slot, head.when)
		}
		for n := head.next; n != head; n = n.next {
			count++
			if n.next.prev != n || n.prev.next != n {
				return fmt.Errorf("slot %d: broken list", slot)
			}
			if want := w.slotOf(deadlineTick(n.when)); want != slot {
				return fmt.Errorf("node due at %v is in slot %d, want %d at tick %d", n.when, slot, want, w.now)
			}
		}
	}
	if count != w.count {
		return fmt.Errorf("count is %d, want %d", w.count, count)
	}
	return nil
}
