package conn_test

import (
	"bytes"
	"strconv"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// What must hold at each step, and at the end.

// methodOf tells the reader of answers what it is the answer to.
func (w *simWorld) methodOf(i int) string {
	if i >= len(w.peer.requests) {
		return ""
	}
	if i >= len(w.served) && w.peer.requests[i].method == "HEAD" {
		return "" // refused, perhaps before its method was known
	}
	return w.peer.requests[i].method
}

// checkContent compares content with what its handler wrote, as it is sent.
func (w *simWorld) checkContent(a *simAnswer, piece []byte) {
	if a.number >= len(w.served) {
		return
	}
	s := w.served[a.number]
	if s.outcome == simFailed {
		return
	}
	from := a.got - int64(len(piece))
	w.demand(bytes.Equal(piece, s.content()[from:a.got]), "content of answer %d differs behind %d", a.number, from)
}

// checkSpin: Next may not be called again and again without progress.
func (w *simWorld) checkSpin() { w.demand(w.nextCalls < 20, "Next spins") }

// checkRequested: nothing is served after the last answer.
func (w *simWorld) checkRequested() {
	w.demand(!w.answers.told(), "served after close was said")
	w.demand(len(w.served) == w.c.Transactions()-1, "%d served before transaction %d", len(w.served), w.c.Transactions())
	w.demand(w.cfg.Transactions == 0 || len(w.served) < w.cfg.Transactions, "too many transactions")
}

// checkNeedInput: a connection that drains waits for nothing but the rest of a head.
func (w *simWorld) checkNeedInput() {
	state := w.c.State().String()
	if state == "head/idle/draining" {
		_, kind := w.c.Deadline()
		w.demand(kind != conn.IdleDeadline || w.now < w.drainedAt+w.hold || w.now < w.c.Since()+w.hold, "drains, but waits for a request")
	}
	w.demand(w.c.WantsInput() || w.sock.endSeen && w.c.Unsent() || w.c.Undelivered(), "needs input, but doesn't want it")
}

// checkWait: at the end of a turn something is waited for that can still come,
// and nothing is read that nobody asked for: the peer's window must close.
func (w *simWorld) checkWait() {
	switch {
	case w.ended:
	case w.handler.running:
		w.demand(w.handler.waits || w.c.Deaf() || !w.c.WantsInput(), "a handler is at work, and more input is wanted")
	case w.sock.endSeen && !w.readable():
		w.demand(w.c.Unsent() || w.c.Undelivered(), "the peer has ended, and it waits")
	}
}

// checkExpiry: the idle deadline is counted from the last sign of life.
func (w *simWorld) checkExpiry(kind conn.Deadline) {
	switch kind {
	case conn.IdleDeadline:
		w.demand(w.now >= w.lastSent+w.cfg.IdleTimeout, "idle since %v, but the answer left at %v", w.c.Since(), w.lastSent)
	case conn.BodyRateDeadline, conn.WriteRateDeadline:
		w.checkRate(kind)
	case conn.LingerDeadline:
		w.lingerExpiry = true
	}
}

// checkAnswers: never more final answers than requests, in their order, and
// each by its number.
func (w *simWorld) checkAnswers() {
	r := &w.answers
	if len(r.all) == 0 {
		return
	}
	w.demand(r.finals() <= len(w.served)+1, "%d answers to %d requests", r.finals(), len(w.served))
	a := r.all[len(r.all)-1]
	if a.number == len(w.served) {
		w.checkRefusal(a)
		return
	}
	s := w.served[a.number]
	if s.outcome == simFailed {
		w.demand(a.status == 500, "a failed handler's answer has status %d", a.status)
		return
	}
	w.demand(a.fields["x-request"] == strconv.Itoa(a.number), "answer %d belongs to %q", a.number, a.fields["x-request"])
	w.demand(a.status == s.status, "status is %d, not %d", a.status, s.status)
	w.demand(a.fields["date"] != "", "no Date")
	w.checkKeepAlive(a)
	w.demand(w.peer.requests[a.number].http10 == false || a.continues+a.informations == 0, "informational answer to HTTP/1.0")
	w.demand(a.informations == s.informed || s.outcome == simUnderWay, "%d informational answers, not %d", a.informations, s.informed)
	w.demand(a.continues == 0 || a.continues == 1 && w.peer.requests[a.number].expects, "100 that nobody waits for")
	w.demand(s.asked || a.continues > 0 || !w.peer.requests[a.number].expects || a.closes, "content may come or not, and close is not said")
	w.demand(!w.peer.requests[a.number].goodbye || a.closes, "close was asked for and not said")
}

// checkRefusal: an answer without a handler is an error, and the last.
func (w *simWorld) checkRefusal(a *simAnswer) {
	w.demand(a.status >= 400 && a.closes, "request %d was not served and has answer %d", a.number, a.status)
	if a.number >= len(w.peer.requests) {
		w.fail("refusal of nothing")
	}
	r := w.peer.requests[a.number]
	switch a.status {
	case 408:
		w.demand(w.expired == conn.HeadDeadline || w.expired == conn.ReceiveDeadline, "408 without a deadline")
	case 413:
		w.demand(w.cfg.BodyBytes > 0 && int64(len(r.body)) > w.cfg.BodyBytes, "413 for %d bytes", len(r.body))
	case 431, 414:
		w.demand(r.head > w.cfg.Head.Head, "%d for a head of %d bytes", a.status, r.head)
	case 400, 501:
		w.demand(r.bad || r.cut || bytes.HasPrefix(r.wire, []byte("\r\n\r\n\r\n\r\n\r\n")) || w.cfg.Head.Head < r.head ||
			w.sock.endSeen, "request %d is good, and refused with %d", a.number, a.status)
	default:
		w.fail("refused with %d", a.status)
	}
}

// checkBounds: memory and time.
func (w *simWorld) checkBounds() {
	const (
		content   = 8<<10 + 16<<10 // gathered, and one write that is not borrowed
		head      = 2 << 10        // of an answer
		trailer   = 1 << 10
		framing   = 64
		automatic = 512 // an answer without a handler
	)
	pieces := len(w.scratch[0]) + len(w.scratch[1])
	input := 2*w.cfg.Head.Head + pieces
	output := w.cfg.OutputBytes + 2*content + head + trailer + framing + automatic
	w.demand(w.c.Buffered() <= input+output, "%d bytes are buffered, of %d+%d", w.c.Buffered(), input, output)
	w.demand(cap(w.c.Output().Head) <= 4*output+64<<10, "the output's buffer grew to %d", cap(w.c.Output().Head))
	if w.allTimers {
		limits := w.cfg.IdleTimeout + w.cfg.HeadTimeout + w.cfg.BodyTimeout + w.cfg.WriteTimeout + w.cfg.LingerTotal
		last := max(w.peer.lastActive, w.lastSent)
		work := time.Duration(len(w.peer.requests)) * 8 * time.Second
		w.demand(w.now <= last+limits+w.handler.slept+work, "no end: the last sign of the peer was at %v", last)
	}
	if w.told == conn.ReasonNone {
		w.told = w.c.Reason()
	}
	w.demand(w.told == w.c.Reason(), "the reason was %v and is %v", w.told, w.c.Reason())
}

// finish checks the whole when the connection has ended.
func (w *simWorld) finish() {
	r := &w.answers
	w.demand(w.c.BytesOut() == r.total, "%d bytes sent, %d said", r.total, w.c.BytesOut())
	for w.peer.canRead(w) {
		w.peer.read(w) // what is on its way
	}
	for _, a := range r.all {
		if a.number < len(w.served) {
			w.finishAnswer(a, w.served[a.number])
		}
	}
	w.finishDrained()
	w.finishLimits()
	w.demand(len(r.all) >= len(w.served) || !w.delivered(), "%d served, %d answered", len(w.served), len(r.all))
	if w.delivered() {
		w.finishDelivered()
	}
	w.finishReset()
}

// finishReset: a reset that tells of a broken answer destroys none before it.
func (w *simWorld) finishReset() {
	p, r := w.peer, &w.answers
	if w.closedBy != conn.Reset || w.killed || w.broken || w.cfg.ResetFor.Has(w.c.Reason()) ||
		w.expired == conn.WriteDeadline || w.expired == conn.WriteRateDeadline || p.goesDeaf || p.gone || p.lied {
		return
	}
	w.demand(p.answers(w) == r.completeAt(r.total), "reset: %d answers of %d arrived", p.answers(w), r.completeAt(r.total))
}

// finishAnswer compares what the peer can tell of an answer with its truth.
func (w *simWorld) finishAnswer(a *simAnswer, s *simServed) {
	whole := a.complete
	if a.delimited {
		whole = w.closedBy == conn.Close && !w.broken
	}
	switch s.outcome {
	case simWhole:
		if !whole || a.contentless {
			return
		}
		if s.status == 205 {
			w.demand(a.got == 0, "content with 205")
			return
		}
		w.demand(a.got == s.accepted, "answer %d looks whole with %d bytes of %d", a.number, a.got, s.accepted)
		if a.length < 0 && !a.delimited {
			for name, want := range s.trailers {
				w.demand(a.trailers[name] == want, "trailer %s is %q", name, a.trailers[name])
			}
		}
	case simCutOff, simClosed, simUnderWay:
		told := !a.contentless && (a.length < 0 || s.accepted < a.length)
		w.demand(!whole || !told, "answer %d was cut off and looks whole", a.number)
	}
}

// delivered tells that nothing but the server can have kept anything from the
// peer.
func (w *simWorld) delivered() bool {
	p := w.peer
	switch w.c.Reason() {
	case conn.ReasonPeerReset, conn.ReasonServer, conn.ReasonWriteTimeout, conn.ReasonWriteRate:
		return false
	}
	if most := w.cfg.LingerBytes; most > 0 && int64(w.thrown) > most {
		return false
	}
	return !w.killed && !p.goesDeaf && !p.gone && !p.lied && !w.lingerExpiry && w.closedBy == conn.Close
}

// finishDelivered: a peer that reads gets all that was promised.
func (w *simWorld) finishDelivered() {
	p, r := w.peer, &w.answers
	w.demand(!p.sawReset && p.received == r.total, "%d bytes were sent, %d arrived", r.total, p.received)
	for _, s := range w.served {
		a := r.all[s.number]
		w.demand(s.outcome != simWhole || a.complete || a.delimited, "answer %d is whole and did not arrive", s.number)
	}
	if w.c.Reason() == conn.ReasonPeerClosed && p.next >= len(p.pieces) {
		n := len(p.requests)
		if last := p.requests[n-1]; last.cut && len(bytes.Trim(last.wire, "\r\n")) == 0 {
			n-- // cut before its first byte
		}
		w.demand(len(r.all) == n, "%d requests, %d answers", n, len(r.all))
	}
}
