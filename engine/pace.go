package engine

import (
	"sync/atomic"
	"time"
)

// pace is how long the handlers of a loop have taken of late. It says whether
// finished answers may wait for the next handler of their connection, so that
// they leave together. It is a guess: goroutines that add to it at the same time
// may lose what another has added.
type pace struct{ average atomic.Int64 }

// slowHandler is the average from which on answers do not wait.
const slowHandler = 200 * time.Microsecond

// took adds a handler, or some that ran one after the other.
func (p *pace) took(d time.Duration) {
	average := p.average.Load()
	p.average.Store(average + (int64(d)-average)/16)
}

// fade forgets: handlers that run on the loop are not timed.
func (p *pace) fade() {
	if average := p.average.Load(); average > 0 {
		p.average.Store(average - average/16 - 1)
	}
}

func (p *pace) slow() bool { return p.average.Load() > int64(slowHandler) }
