package engine

// queue is first in, first out; it keeps its memory, which is at most a small
// multiple of the most that ever waited in it at a time.
type queue[T any] struct {
	items []T
	next  int
}

func (q *queue[T]) len() int { return len(q.items) - q.next }

func (q *queue[T]) push(v T) {
	if len(q.items) == cap(q.items) && q.next > len(q.items)/2 {
		// What waits moves to the front, instead of memory that grows for as long
		// as the queue is never quite empty.
		n := copy(q.items, q.items[q.next:])
		clear(q.items[n:])
		q.items, q.next = q.items[:n], 0
	}
	q.items = append(q.items, v)
}

func (q *queue[T]) pop() T {
	var zero T
	v := q.items[q.next]
	q.items[q.next] = zero
	if q.next++; q.next == len(q.items) {
		q.items, q.next = q.items[:0], 0
	}
	return v
}

// swap fills an empty queue with items, and returns memory to fill in their stead.
func (q *queue[T]) swap(items []T) (room []T) {
	room = q.items[:0]
	q.items, q.next = items, 0
	return room
}
