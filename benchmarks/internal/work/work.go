// Package work is what the handlers of all compared servers do, so that they do the same: the answer, and the paths whose
// handlers take their time.
//
//	/        answer at once
//	/slow    sleep for 20 ms first: a query that takes long
//	/sleep   sleep for 5 ms first: a usual query
//	/burn    compute for about 2 ms first
package work

import (
	"sync/atomic"
	"time"
)

// The answer to every request.
const (
	Hello       = "Hello, World!"
	ContentType = "text/plain"
)

const (
	SlowTime  = 20 * time.Millisecond
	SleepTime = 5 * time.Millisecond
	// BurnTime is what Burn takes on a CPU of some 3 GHz that does nothing else.
	BurnTime = 2 * time.Millisecond
)

// burnRounds depend on each other, and one takes six cycles.
const burnRounds = 1_000_000

// Burn computes for about BurnTime. It is an amount of work rather than a time: a handler that is interrupted has the
// rest still to do, whereas with a clock the waiting would count as work done. The result only shows that it was done.
//
//go:noinline
func Burn() uint64 {
	x := uint64(88172645463325252)
	for range burnRounds {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

// burnt has the result of Burn be used.
var burnt atomic.Uint64

// Before does what a path asks for before its answer.
func Before(path string) {
	switch path {
	case "/slow":
		time.Sleep(SlowTime)
	case "/sleep":
		time.Sleep(SleepTime)
	case "/burn":
		burnt.Store(Burn())
	}
}
