package timers

import "time"

// Node is what a Wheel schedules. It is a field of what it times, so that
// arming a timer allocates nothing, and Owner leads back from an expired node
// to that thing:
//
//	type connection struct {
//		deadline timers.Node[connection]
//	}
//	c.deadline.Owner = c
//
// The zero Node with its Owner set is ready. A Node is in one wheel at a time
// and must not be copied or freed for other use while it is scheduled: the
// wheel points at it.
type Node[T any] struct {
	// Owner is for the user of the wheel; the wheel never looks at it.
	Owner *T

	// The neighbours in the circular list of a slot; both nil while the node
	// is in no wheel.
	next, prev *Node[T]

	// The exact deadline; the slot follows from it. In the head of a slot's
	// list it is the slot's index instead, so that whoever unlinks the last
	// node of a slot knows which bit to clear.
	when time.Duration
}

// Scheduled reports whether n waits in a wheel. It is false from the moment
// that Expire returns n.
func (n *Node[T]) Scheduled() bool { return n.next != nil }

// When returns the deadline that n was last scheduled for, as it was given to
// Schedule. It means something only while n is scheduled.
func (n *Node[T]) When() time.Duration { return n.when }

// becomeHead makes n the head of the empty list of a slot.
func (n *Node[T]) becomeHead(slot int) {
	n.next, n.prev, n.when = n, n, time.Duration(slot)
}

// pushBack puts n at the end of the list that head leads, so that nodes of one
// slot stay in the order in which they were scheduled.
func (head *Node[T]) pushBack(n *Node[T]) {
	last := head.prev
	n.prev, n.next = last, head
	last.next, head.prev = n, n
}
