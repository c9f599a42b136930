package timers

import (
	"math"
	"math/bits"
	"time"
)

// Tick is the resolution of a wheel: a deadline is rounded up to a whole tick.
// It is a millisecond because that is the unit in which epoll_wait sleeps.
const Tick = time.Millisecond

const (
	// 64 slots a level, so that one word tells which of them are occupied.
	slotBits      = 6
	slotsPerLevel = 1 << slotBits
	slotMask      = slotsPerLevel - 1

	// A time.Duration holds fewer than 2^44 milliseconds. Eight levels reach
	// 2^48, so that no deadline lies past the last level and none is clamped.
	levels = 8

	// The slot after those of the levels holds what is due already.
	dueSlot   = levels * slotsPerLevel
	slotCount = dueSlot + 1
)

// Wheel is a hierarchical timing wheel. All of its times are durations since an
// epoch that the caller chooses, and measured by a clock that does not go
// backwards.
//
// A Wheel has one user at a time: it takes no lock. It must come from NewWheel
// or be set up with Init, and must not be copied after that. It takes about
// 16 KB, whatever the number of nodes in it.
type Wheel[T any] struct {
	// The tick that the wheel has reached. Every node outside of dueSlot has a
	// later one, and lies in the slot that follows from the two (see slotOf).
	now   uint64
	count int

	// A bit for each slot that is not empty; the word after those of the
	// levels has one for dueSlot.
	occupied [levels + 1]uint64
	slots    [slotCount]Node[T]
}

// NewWheel returns an empty wheel that starts at now, which is not negative.
func NewWheel[T any](now time.Duration) *Wheel[T] {
	w := new(Wheel[T])
	w.Init(now)
	return w
}

// Init makes w, zero or emptied, an empty wheel that starts at now. It panics
// if now is negative or nodes are still scheduled in w.
func (w *Wheel[T]) Init(now time.Duration) {
	if now < 0 {
		panic("timers: Init before the epoch")
	}
	if w.count != 0 {
		panic("timers: Init of a wheel that holds nodes")
	}
	w.now = elapsedTicks(now)
	for i := range w.slots {
		w.slots[i].becomeHead(i)
	}
}

// Len returns the number of scheduled nodes.
func (w *Wheel[T]) Len() int { return w.count }

// Schedule arms n for the time when, or moves it there, earlier or later, if it
// is scheduled already. A time that has passed is no error: the next call of
// Expire returns n.
//
// Whoever re-arms a node that Expire has just returned, for a time that is not
// after the now of that call, gets it back from the same round of calls.
func (w *Wheel[T]) Schedule(n *Node[T], when time.Duration) {
	if n.next != nil {
		w.unlink(n)
	} else {
		w.count++
	}
	n.when = when
	w.link(n)
}

// Cancel takes n out of the wheel. It does nothing if n is not scheduled.
func (w *Wheel[T]) Cancel(n *Node[T]) {
	if n.next != nil {
		w.unlink(n)
		w.count--
	}
}

// Expire advances the wheel to now and returns one node whose deadline has
// passed, no longer scheduled, or nil if there is none. Call it until it
// returns nil:
//
//	for n := w.Expire(now); n != nil; n = w.Expire(now) { ... }
//
// A node is never returned before its deadline, and is returned by the first
// round whose now has reached that deadline rounded up to a whole Tick. Nodes
// come in the order of their ticks, within one in the order in which they were
// scheduled; those scheduled for a tick that had passed come as they were
// scheduled. Between two calls any node may be scheduled or cancelled. A
// deadline within the last Tick of what a time.Duration holds never passes, so
// math.MaxInt64 means never.
//
// A now earlier than that of a previous call counts as that one. The cost
// depends on the nodes that expire or change their level, never on the time
// since the last call.
func (w *Wheel[T]) Expire(now time.Duration) *Node[T] {
	target := elapsedTicks(now)
	due := &w.slots[dueSlot]
	for {
		if n := due.next; n != due {
			w.unlink(n)
			w.count--
			return n
		}
		slot, start, ok := w.earliest()
		if !ok || start > target {
			// All that is left starts later, so its slots stay where they are.
			w.now = max(w.now, target)
			return nil
		}
		w.now = start
		w.cascade(slot)
	}
}

// NextWake returns the time at which Expire should be called next, or ok=false
// if the wheel is empty. It is a whole tick, and not after the earliest deadline
// rounded up to one; if that has passed, it is a time that has passed. It may be
// before the earliest deadline, when a slot of an upper level must be cascaded
// first; a node causes at most one such early wake-up for each level.
func (w *Wheel[T]) NextWake() (when time.Duration, ok bool) {
	if w.occupied[levels] != 0 {
		return timeOf(w.now), true
	}
	_, start, ok := w.earliest()
	return timeOf(start), ok
}

// earliest returns the first occupied slot and the tick at which it starts.
// The lowest level that holds anything has it: the slots of a level that can be
// occupied all lie within the present slot of the level above, which is before
// every occupied one there.
func (w *Wheel[T]) earliest() (slot int, start uint64, ok bool) {
	for level := range levels {
		if w.occupied[level] == 0 {
			continue
		}
		digit := bits.TrailingZeros64(w.occupied[level])
		shift := level * slotBits
		above := w.now >> (shift + slotBits) << slotBits
		return level<<slotBits | digit, (above | uint64(digit)) << shift, true
	}
	return 0, 0, false
}

// cascade empties a slot whose start the wheel has just reached: what is due at
// this very tick becomes due, the rest goes to levels below.
func (w *Wheel[T]) cascade(slot int) {
	head := &w.slots[slot]
	n, last := head.next, head.prev
	head.becomeHead(slot)
	w.occupied[slot>>slotBits] &^= 1 << (slot & slotMask)
	if slot < slotsPerLevel {
		// A slot of the lowest level is one tick, so all of it is due, and
		// Expire cascades only when nothing else is: the list moves whole.
		due := &w.slots[dueSlot]
		due.next, due.prev = n, last
		n.prev, last.next = due, due
		w.occupied[levels] = 1
		return
	}
	for n != head {
		next := n.next
		w.link(n)
		n = next
	}
}

// link puts n into the slot for its deadline.
func (w *Wheel[T]) link(n *Node[T]) {
	slot := w.slotOf(deadlineTick(n.when))
	w.slots[slot].pushBack(n)
	w.occupied[slot>>slotBits] |= 1 << (slot & slotMask)
}

// unlink takes n out of its slot, which it need not know: the last node of a
// slot has the head on both sides, and the head knows.
func (w *Wheel[T]) unlink(n *Node[T]) {
	next, prev := n.next, n.prev
	next.prev, prev.next = prev, next
	n.next, n.prev = nil, nil
	if next == prev {
		slot := int(next.when)
		if next != &w.slots[slot] {
			panic("timers: node is scheduled in another wheel")
		}
		w.occupied[slot>>slotBits] &^= 1 << (slot & slotMask)
	}
}

// slotOf returns the slot for a tick. The level is that of the highest digit,
// in base 64, in which the tick differs from now, and the digit itself tells
// which slot of it. All nodes of a tick are thus in one slot at any time, and a
// slot needs no attention until now reaches its start.
func (w *Wheel[T]) slotOf(tick uint64) int {
	if tick <= w.now {
		return dueSlot
	}
	level := (bits.Len64(tick^w.now) - 1) / slotBits
	return level<<slotBits | int(tick>>(level*slotBits))&slotMask
}

// deadlineTick returns the tick at which a deadline has passed: rounded up, so
// that nothing is early. A time before the epoch has passed at any tick.
func deadlineTick(when time.Duration) uint64 {
	if when < 0 {
		return 0
	}
	return (uint64(when) + uint64(Tick-1)) / uint64(Tick)
}

// elapsedTicks returns the number of whole ticks that have passed at now.
func elapsedTicks(now time.Duration) uint64 {
	return uint64(max(now, 0)) / uint64(Tick)
}

// timeOf returns the time at which a tick begins. The last tick begins after
// the last time that a time.Duration can tell, which stands for it.
func timeOf(tick uint64) time.Duration {
	if tick > uint64(math.MaxInt64/Tick) {
		return math.MaxInt64
	}
	return time.Duration(tick) * Tick
}
