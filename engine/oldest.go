package engine

import (
	"cmp"
	"slices"
	"time"
)

// aged is a connection that has been idle since a moment of the server's clock.
type aged[T any] struct {
	since time.Duration
	of    T
}

// oldest keeps, of all connections that it is shown, those that have been idle
// longest: as many as it has room for, which is at least one.
type oldest[T any] struct {
	room int
	kept []aged[T] // once full a heap, the youngest of them at its top
}

func (o *oldest[T]) show(since time.Duration, of T) {
	switch e := (aged[T]{since, of}); {
	case len(o.kept) < o.room:
		if o.kept = append(o.kept, e); o.full() {
			for i := o.room/2 - 1; i >= 0; i-- {
				o.siftDown(i)
			}
		}
	case since < o.kept[0].since:
		o.kept[0] = e
		o.siftDown(0)
	}
}

// full tells that others may have been shown that were not kept: they are no
// older than the youngest.
func (o *oldest[T]) full() bool { return len(o.kept) == o.room }

// youngest is when the last of those that are kept began to be idle, once full.
func (o *oldest[T]) youngest() time.Duration { return o.kept[0].since }

// siftDown restores the order of the heap from i on.
func (o *oldest[T]) siftDown(i int) {
	for {
		child := 2*i + 1
		if child >= len(o.kept) {
			return
		}
		if child+1 < len(o.kept) && o.kept[child+1].since > o.kept[child].since {
			child++
		}
		if o.kept[i].since >= o.kept[child].since {
			return
		}
		o.kept[i], o.kept[child] = o.kept[child], o.kept[i]
		i = child
	}
}

// inOrder returns what is kept, the longest idle first, and keeps nothing more.
func (o *oldest[T]) inOrder() []aged[T] {
	kept := o.kept
	o.kept = nil
	slices.SortFunc(kept, func(a, b aged[T]) int { return cmp.Compare(a.since, b.since) })
	return kept
}
