package engine

import (
	"sync/atomic"

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

	// Closed counts the connections that have ended, by reason. Accepted is
	// always Open plus their sum.
	Closed [conn.NumReasons]int64
}

// counters is Stats while it is counted. Each loop has its own, and all the
// goroutines that work for a loop add to it.
type counters struct {
	accepted, closed  atomic.Int64
	requests, stalls  atomic.Int64
	declined          atomic.Int64
	bytesIn, bytesOut atomic.Int64
	reasons           [conn.NumReasons]atomic.Int64
	_                 [64]byte // loops don't share cache lines
}

// ended counts a connection's end.
func (n *counters) ended(c *conn.Conn) {
	n.bytesIn.Add(c.BytesIn())
	n.bytesOut.Add(c.BytesOut())
	n.reasons[c.Reason()].Add(1)
	n.closed.Add(1)
}

func (n *counters) addTo(s *Stats) {
	closed := n.closed.Load() // before accepted, so that Open is never negative
	accepted := n.accepted.Load()
	s.Accepted += accepted
	s.Open += accepted - closed
	s.Requests += n.requests.Load()
	s.Declined += n.declined.Load()
	s.Stalls += n.stalls.Load()
	s.BytesIn += n.bytesIn.Load()
	s.BytesOut += n.bytesOut.Load()
	for i := range n.reasons {
		s.Closed[i] += n.reasons[i].Load()
	}
}
