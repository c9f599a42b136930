package engine

import (
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// Stats are a server's counters since it started, and what is open now.
type Stats struct {
	Open     int64 // connections that are open
	Accepted int64 // connections that were ever accepted
	Requests int64 // requests that handlers were called for
	BytesIn  int64 // received, of connections that have ended
	BytesOut int64 // sent, of connections that have ended
	Declined int64 // requests answered with 503, since all workers were busy and the queue full
	Stalls   int64 // times that a handler held a loop for too long
	Buffered int64 // bytes held for connections: what Limits.MemoryBytes bounds
	Pauses   int64 // times that a connection was not read from, for want of memory
	Queued   int64 // requests that wait for a worker
	Workers  int64 // goroutines at work or waiting for work, the loops' included

	// Connections that were refused: since there were as many as Limits.Connections
	// allows, or as many of their client as ClientConnections does; and how many of
	// both were reset. The others were answered with 503: they are Accepted, and
	// end for conn.ReasonRefused.
	RefusedFull, RefusedClient, RefusedReset int64
	// Rests is how often a listener stopped accepting for a while: for want of
	// descriptors, of memory, or of a place (RefuseWait).
	Rests int64

	// States counts the open connections by what they do now. A connection whose
	// handler runs on its event loop is counted as idle, or as what it was before,
	// unless Hooks.StateChanged is set: then all of them are exact. Hijacked
	// ones, until they are closed, are not open any more: Closed counts them, for
	// conn.ReasonHijacked, from the hijack on.
	States ByState

	// LongestRound is the longest time that a loop was at work while something
	// else waited for it: what happened to a connection was seen that late at
	// worst. What nobody waited for is not in it.
	LongestRound time.Duration

	// Closed counts the connections that have ended, by reason. Accepted is
	// always Open plus their sum.
	Closed ByReason
}

// counters is Stats while it is counted. Each loop has its own, and all the
// goroutines that work for a loop add to it.
type counters struct {
	accepted          atomic.Int64
	requests, stalls  atomic.Int64
	declined          atomic.Int64
	bytesIn, bytesOut atomic.Int64
	states            [NumStates]atomic.Int64
	longestRound      atomic.Int64 // nanoseconds
	reasons           [conn.NumReasons]atomic.Int64
	cuts              cuts
	_                 [64]byte // loops don't share cache lines
}

// ended counts a connection's end.
func (n *counters) ended(c *conn.Conn, cut bool) {
	n.bytesIn.Add(c.BytesIn())
	n.bytesOut.Add(c.BytesOut())
	if cut {
		n.cuts.reasons[c.Reason()].Add(1)
	} else {
		n.reasons[c.Reason()].Add(1)
	}
}

// worked is told how long a loop was at work when something waited at its end.
// One goroutine at a time calls it.
func (n *counters) worked(d time.Duration) {
	if int64(d) > n.longestRound.Load() {
		n.longestRound.Store(int64(d))
	}
}

// addTo reads each counter once, and that of the connections that came after
// those of the ones that went: Open is what remains, and never negative.
func (n *counters) addTo(g *ledger) {
	s := &g.Stats
	for i := range n.reasons {
		inOrder := n.reasons[i].Load()
		ended := inOrder + n.cuts.reasons[i].Load()
		g.inOrder[i] += inOrder
		s.Closed[i] += ended
		s.Open -= ended
	}
	for i := range n.cuts.states {
		g.cut[i] += n.cuts.states[i].Load()
	}
	g.unsent += n.cuts.unsent.Load()
	g.dropped += n.cuts.dropped.Load()
	accepted := n.accepted.Load()
	s.Accepted += accepted
	s.Open += accepted
	s.Requests += n.requests.Load()
	s.Declined += n.declined.Load()
	s.Stalls += n.stalls.Load()
	s.BytesIn += n.bytesIn.Load()
	s.BytesOut += n.bytesOut.Load()
	for i := range n.states {
		s.States[i] += n.states[i].Load()
	}
	s.LongestRound = max(s.LongestRound, time.Duration(n.longestRound.Load()))
}

// Stats returns the server's counters. Each loop's are exact, but they are read
// one after the other: what came to one and left another meanwhile shows in Open,
// which may be a few above Limits.Connections for it.
func (s *Server) Stats() Stats {
	g := s.ledger()
	return g.Stats
}

// ledger is all counters at one time.
type ledger struct {
	Stats
	inOrder         [conn.NumReasons]int64 // Closed without those that were cut
	cut             [NumStates]int64
	unsent, dropped int64
}

// ledger reads the counters.
func (s *Server) ledger() (g ledger) {
	books := s.parts()
	if len(books) == 0 {
		return g
	}
	for _, n := range books {
		n.addTo(&g)
	}
	s.addCrew(&g.Stats)
	g.States[StateHijacked] += s.hijackedOpen.Load()
	s.addStreams(&g.Stats)
	s.admission.addTo(&g.Stats)
	g.Buffered, g.Pauses = s.budget.used.Load(), s.budget.pauses.Load()
	g.idleRemains()
	return g
}

// parts returns the counters of each part of the server.
func (s *Server) parts() []*counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books
}

// idleRemains has those be idle that are in no other state. What a goroutine has
// counted out here and not yet in there makes no number negative.
func (s *Stats) idleRemains() {
	idle := s.Open
	for state := StateReceiving; state < StateHijacked; state++ {
		s.States[state] = max(s.States[state], 0)
		idle -= s.States[state]
	}
	s.States[StateIdle] = max(idle, 0)
}
