// Package allocations counts those of requests, for tests.
package allocations

import (
	"math"
	"runtime"
	"runtime/debug"
)

const (
	// Requests is how many are made for one count.
	Requests = 2000
	// Tolerated of them may allocate: what a second costs, its Date, what a server
	// that rests does, and what becomes of a handler that a busy machine makes slow,
	// is not a request's.
	Tolerated = Requests / 50

	warmUp = 200
	tries  = 10
)

// Fewest returns the allocations of the whole process for so many Requests, the
// fewest of some tries. exchanges makes n requests, without allocating itself.
func Fewest(exchanges func(n int)) int {
	exchanges(warmUp)
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // the pools are to keep what they have
	fewest := math.MaxInt
	for range tries {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		exchanges(Requests)
		runtime.ReadMemStats(&after)
		if fewest = min(fewest, int(after.Mallocs-before.Mallocs)); fewest <= Tolerated {
			break
		}
	}
	return fewest
}
