package engine

import (
	"sync"
	"sync/atomic"
)

// gate bounds how many handlers are at work for streams, and how many wait: what
// Dispatch.Workers and Dispatch.Queue are to a crew.
type gate struct {
	most, room int64 // most 0: without bound
	inside     atomic.Int64
	waiting    atomic.Int64
	mu         sync.Mutex
	left       sync.Cond
	open       bool // nobody waits any more: under mu
}

func (g *gate) init(o *DispatchOptions) {
	g.most, g.room = int64(max(o.Workers, 0)), int64(max(o.Queue, 0))
	g.left.L = &g.mu
}

// turnRequests is how many requests of one connection are served before others
// have their turn: one read may bring hundreds.
const turnRequests = 32

// enter waits for a place. It reports false if too many wait already. burst is how
// many requests of the connection have been served since it last had to wait: one
// that goes on and on queues behind those that do, where its own place leaves room
// for it.
func (g *gate) enter(burst int) bool {
	yields := burst >= turnRequests && g.waiting.Load() > 0
	if g.most == 0 || !yields && g.tryEnter() {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	waiting := g.waiting.Load()
	// One of them has been told, or will be: see leave. If there are places for all
	// nobody might tell this one.
	yields = yields && waiting > 0 && g.inside.Load()+waiting >= g.most
	if waiting >= g.room && !yields {
		return false
	}
	g.waiting.Add(1) // before the next look: see leave
	defer g.waiting.Add(-1)
	for yields || !g.tryEnter() {
		if g.open {
			g.inside.Add(1)
			return true
		}
		g.left.Wait()
		yields = false
	}
	return true
}

// letAll lets all in that wait, or come: they are not to be served any more. It
// returns how many waited.
func (g *gate) letAll() (waited int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.open {
		waited = g.waiting.Load()
	}
	g.open = true
	g.left.Broadcast()
	return waited
}

func (g *gate) tryEnter() bool {
	for {
		n := g.inside.Load()
		if n >= g.most {
			return false
		}
		if g.inside.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (g *gate) leave() {
	if g.most == 0 {
		return
	}
	g.inside.Add(-1)
	if g.waiting.Load() > 0 {
		g.mu.Lock()
		g.left.Signal()
		g.mu.Unlock()
	}
}
