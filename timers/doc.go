// Package timers is a hierarchical timing wheel whose nodes are fields of what
// they time.
//
// An event loop with many thousands of connections needs a deadline for each,
// re-arms them all the time, and lets nearly none of them pass. In a wheel
// Schedule and Cancel are O(1) and allocate nothing; a heap pays O(log n) for
// each, and a time.Timer an allocation and a goroutine that is not the loop's.
//
// # Contract
//
//   - The time is an argument. The package reads no clock, owns no goroutine and
//     takes no lock: a wheel belongs to whoever calls it.
//   - Never early: a node expires in the first round of Expire whose now has
//     reached its deadline rounded up to a Tick, and in no round before.
//   - The cost follows the nodes, not the time: an hour in which nothing
//     happens costs as much as a millisecond.
//
// # The levels
//
// A deadline is a number of ticks, written in base 64. A node lies on the level
// of the highest digit in which its deadline differs from the wheel's present
// tick, in the slot which that digit names:
//
//	level   a slot is   the level reaches   slots (now = 2 1 5 in base 64)
//	  0        1 ms           64 ms         . . . . . ^ x x x x x ... x
//	  1       64 ms          4.1 s          . ^ x x x x x x x x x ... x
//	  2      4.1 s           4.4 min        . . ^ x x x x x x x x ... x
//	  3      4.4 min         4.7 h
//	  4      4.7 h          12.4 days        ^ the digit of now: always empty
//	  5     12.4 days        2.2 years       x can hold nodes: after now,
//	  6      2.2 years       139 years         and before every slot of a
//	  7      139 years       (the rest)        higher level
//
// When the present tick reaches the start of a slot of an upper level, the
// nodes of that slot agree with it in one digit more, and are moved to the
// levels below: the slot cascades. A node is moved at most once for each level
// under its first one: mostly twice for an idle timeout of a minute. One word of
// bits for each level tells which slots are occupied, so the next of them is
// found by counting zeros and empty time is skipped at once.
//
// This is scheme 7 of G. Varghese and T. Lauck, "Hashed and Hierarchical Timing
// Wheels" (SOSP 1987), with absolute digits in place of rotating arrays: eight
// levels of six bits hold every deadline that a time.Duration can tell.
//
// # Lazy use
//
// The engine does not call the wheel for each request. Activity only stores a
// new deadline in the connection; when the old one fires, the loop sees that
// the true deadline is later, and schedules the node for that:
//
//	for n := wheel.Expire(now); n != nil; n = wheel.Expire(now) {
//		c := n.Owner
//		if c.deadline > now {
//			wheel.Schedule(n, c.deadline)
//			continue
//		}
//		c.deadlinePassed(now)
//	}
//
// Only a deadline that moves nearer needs a Schedule at once.
//
// # Map
//
//	node.go    Node: the intrusive node and the list of a slot
//	wheel.go   Wheel: Schedule, Cancel, Expire, NextWake, and where a tick lies
package timers
