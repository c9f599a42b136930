package engine

import "testing"

// TestQueueIsBounded: a queue that is never quite empty takes no more memory
// than what waits in it.
func TestQueueIsBounded(t *testing.T) {
	var q queue[int]
	q.push(0)
	for i := range 100_000 {
		q.push(i + 1)
		if got := q.pop(); got != i {
			t.Fatalf("got %d, want %d", got, i)
		}
	}
	if n := cap(q.items); n > 64 {
		t.Errorf("room for %d is held by one that waits", n)
	}
	for n := 1; n < 200; n++ { // grows and shrinks, in order
		var q queue[int]
		in, out := 0, 0
		for i := range 1000 {
			for ; q.len() < i%n+1; in++ {
				q.push(in)
			}
			for ; q.len() > i*7%n; out++ {
				if got := q.pop(); got != out {
					t.Fatalf("got %d, want %d", got, out)
				}
			}
		}
	}
}
