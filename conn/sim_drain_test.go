package conn_test

import "github.com/pollard-go/pollard/conn"

// What must hold of a drain: nothing that has come is lost, and nobody is left
// without a word but who had nothing under way for the whole hold.

// countOwed finds how many requests the connection has received whole.
func (w *simWorld) countOwed() {
	left := w.taken
	for _, r := range w.peer.requests {
		if left -= len(r.wire); left < 0 || r.cut {
			return
		}
		w.owed++
	}
}

// checkSilentEnd is called when the connection's end begins.
func (w *simWorld) checkSilentEnd() {
	if w.c.Reason() != conn.ReasonDrain || w.answers.told() {
		return
	}
	w.demand(w.now >= w.drainedAt+w.hold && w.now >= w.lastSent+w.hold,
		"ends without a word at %v: drained at %v, last sent at %v, hold %v", w.now, w.drainedAt, w.lastSent, w.hold)
}

// finishDrained: every request that was there before the drain is answered, and
// an answer that did not say close is followed by another one.
func (w *simWorld) finishDrained() {
	cut := w.closedBy == conn.Reset && !w.cfg.ResetFor.Has(conn.ReasonDrain) // the peer did not read
	if w.c.Reason() != conn.ReasonDrain || w.broken || w.killed || cut {
		return
	}
	all := w.answers.all
	for _, a := range all {
		last := a.number == len(all)-1
		drained := a.number < len(w.served) && w.served[a.number].drained
		w.demand(!last || !drained || a.closes, "answer %d was the last, was made while draining, and does not say close", a.number)
	}
	if len(all) >= w.owed {
		return
	}
	// What lies behind a body that nobody has read can't always be known.
	w.demand(len(all) > 0, "%d requests were there before the drain, none is answered", w.owed)
	r := w.peer.requests[len(all)-1]
	unknown := r.trailers != nil || int64(len(r.body)) > w.cfg.DiscardBytes
	w.demand(unknown, "%d requests were there before the drain, %d are answered", w.owed, len(all))
}
