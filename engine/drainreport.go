package engine

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// DrainReport tells what became of the connections when a server was drained.
// Open and Accepted together are the sum of Ended, Cut and Unreached.
type DrainReport struct {
	// Took is how long it took in all, the notice included.
	Took time.Duration
	// Open is how many connections were open when the server stopped accepting, and
	// States what they did, as Stats.States has it.
	Open   int64
	States ByState
	// Accepted is how many were taken after that: the kernel had established them.
	Accepted int64
	// Requests is how many requests were served from then on. Those that handlers
	// were at work for are among them, if they have returned.
	Requests int64
	// Ended counts the connections that ended in order, by reason.
	Ended ByReason
	// Cut counts those that were ended at once, when the context ended or by Close,
	// by what they were doing.
	Cut ByState
	// Unreached counts those that are cut as soon as their event loop gets to it:
	// with ModeInline, a handler holds it.
	Unreached int64
	// UnsentBytes is output that was thrown away by the cut. What handlers add that
	// are still at work is not in it.
	UnsentBytes int64
	// Dropped counts the requests that were cut while they waited for a worker: no
	// handler was called. Their connections are in Cut, as StateHandling.
	Dropped int64
	// Hijacked is how many connections are in the hands of handlers, and so were
	// left alone.
	Hijacked int64
}

// Cuts returns how many connections were cut, or will be.
func (r *DrainReport) Cuts() (n int64) {
	n = r.Unreached
	for _, k := range r.Cut {
		n += k
	}
	return n
}

// String gives the report in a line, for logs; what is zero is left out.
func (r DrainReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d open, %d accepted, %d requests", r.Open, r.Accepted, r.Requests)
	for reason, n := range r.Ended {
		if n > 0 {
			fmt.Fprintf(&b, ", ended %q: %d", conn.Reason(reason).String(), n)
		}
	}
	for state, n := range r.Cut {
		if n > 0 {
			fmt.Fprintf(&b, ", cut %s: %d", ConnState(state), n)
		}
	}
	for _, f := range [...]struct {
		what string
		n    int64
	}{{"unreached", r.Unreached}, {"bytes unsent", r.UnsentBytes}, {"requests dropped", r.Dropped}, {"hijacked", r.Hijacked}} {
		if f.n > 0 {
			fmt.Fprintf(&b, ", %s: %d", f.what, f.n)
		}
	}
	fmt.Fprintf(&b, ", in %v", r.Took.Round(time.Millisecond))
	return b.String()
}

// LogValue has log/slog write the report as String does.
func (r DrainReport) LogValue() slog.Value { return slog.StringValue(r.String()) }

// cuts is what one part of a server counts when it is closed.
//
// A connection that a worker owns is counted by its loop when it notes the end
// in the link's word, and by nobody if the worker was quicker: see link.word.
type cuts struct {
	told    atomic.Bool // all that there was has been counted
	states  [NumStates]atomic.Int64
	reasons [conn.NumReasons]atomic.Int64 // of those that have ended since
	unsent  atomic.Int64                  // bytes
	dropped atomic.Int64
}

// counted counts a connection that is cut while it is in a state.
func (c *cuts) counted(s ConnState) { c.states[s].Add(1) }

// reportSince tells what has happened since before.
func (s *Server) reportSince(before *ledger) DrainReport {
	now := s.ledger()
	r := DrainReport{
		Open: before.Open, States: before.States,
		Accepted:    now.Accepted - before.Accepted,
		Requests:    now.Requests - before.Requests,
		UnsentBytes: now.unsent - before.unsent,
		Dropped:     now.dropped - before.dropped,
		Hijacked:    now.States[StateHijacked],
	}
	r.Unreached = r.Open + r.Accepted
	for i := range r.Ended {
		r.Ended[i] = now.inOrder[i] - before.inOrder[i]
		r.Unreached -= r.Ended[i]
	}
	for i := range r.Cut {
		r.Cut[i] = now.cut[i] - before.cut[i]
		r.Unreached -= r.Cut[i]
	}
	return r
}
