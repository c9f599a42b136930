package conn

import "time"

// briefBytes is the longest answer after which a connection may end without
// lingering. It leaves in about the ten segments that TCP sends at first without
// waiting for the peer (RFC 6928).
const briefBytes = 16 << 10

// endFinal goes on after the last answer. It returns false while that answer, or
// what came before it, is on its way.
//
// RFC 9112 §9.6: closing while data of the peer is on its way makes its system
// erase the answer. So the server "performs a half-close by closing only the
// write side of the read/write connection. The server then continues to read
// from the connection until it receives a corresponding close by the client".
func (c *Conn) endFinal(now time.Duration) (e Event, ok bool) {
	switch {
	case c.x.out.pending():
		return Flush, false
	case c.reset:
		return c.deliver(now), false
	case c.eof || c.brief:
		c.becomeClosed()
	default:
		c.linger(now)
	}
	return 0, true
}

// EndFollows tells, at a Flush, that once Output has been sent whole the driver is
// told at once to end our side of the connection, in order: the end of a short
// last answer may be held back until then, so that both leave in one segment.
func (c *Conn) EndFollows() bool {
	return c.write == writeDone && c.final && !c.reset && !c.cfg.ResetFor.Has(c.reason) &&
		!c.x.out.seg.pending() && len(c.x.out.buf)-c.x.out.off <= briefBytes
}

// deafen: after the last answer all input is discarded, also while that answer
// is still on its way: a peer that reads only when it has sent all must not be
// left stuck.
func (c *Conn) deafen() {
	c.becomeDeaf()
	c.x.input.drop()
}

// peerFinished tells that the peer announced to send nothing after this
// request, and has sent nothing: there is nothing on its way that could make
// its system erase the answer, so there is nothing to linger for. A request
// with content is not trusted so far: old clients send a CRLF behind it. Nor is
// an answer left to the system that it may take long to deliver: whatever the
// peer sends in that time would erase the rest of it.
func (c *Conn) peerFinished() bool {
	x := c.x
	return c.read == readDone && c.peerDone && len(x.input.bytes) == 0 && x.body.total == 0 &&
		x.resp.written <= briefBytes
}

// endMisleads tells that an orderly end would now be taken for the end of an
// answer that is not whole: the end is all that delimits it.
func (c *Conn) endMisleads() bool {
	if c.x == nil || c.x.resp.framing != framingClose {
		return false
	}
	return c.write == writeBody || c.write == writeDone && c.x.out.pending()
}

// linger begins the life after all has been sent, unless the connection is to
// be reset instead. Where its end is the end of an answer it is not: a reset
// would say that the answer is cut.
func (c *Conn) linger(now time.Duration) {
	if c.cfg.ResetFor.Has(c.reason) && (c.x == nil || c.x.resp.framing != framingClose) {
		c.reset = true
		c.becomeClosed()
		return
	}
	c.becomeLingering()
	c.since, c.progress = now, now
}

// lingeredEnough tells that the peer has sent more behind its last answer than
// is thrown away for its sake.
func (c *Conn) lingeredEnough() bool {
	return c.cfg.LingerBytes > 0 && c.discarded > c.cfg.LingerBytes
}

// lingered: nothing has come for long, or it lingers for too long. In the first
// case the peer may be silent because it is still reading what came before.
//
// RFC 9112 §9.6: the server reads on "until it receives a corresponding close by
// the client, or until the server is reasonably certain that its own TCP stack has
// received the client's acknowledgement of the packet(s) containing the server's
// last response".
func (c *Conn) lingered(now time.Duration) {
	if when, kind := deadline(c.since, c.cfg.LingerTotal, LingerDeadline); kind != NoDeadline && now >= when {
		c.becomeClosed()
		return
	}
	c.looking = true
}

// lingerOn is what a look has found: n bytes that the peer's system does not have
// yet. As long as they become fewer the peer reads.
func (c *Conn) lingerOn(now time.Duration, n int64) {
	before := c.undelivered
	c.looking, c.undelivered = false, uint32(min(max(n, 0), 1<<32-1))
	if n <= 0 || before > 0 && c.undelivered >= before {
		c.becomeClosed()
		return
	}
	c.progress = now
}

// lingerDeadline is the sooner of the limits since the last input and in all.
func (c *Conn) lingerDeadline() (when time.Duration, kind Deadline) {
	if c.looking {
		return 0, NoDeadline
	}
	when, kind = deadline(c.since, c.cfg.LingerTotal, LingerDeadline)
	limit := c.cfg.LingerIdle
	if c.drained && c.cfg.DrainLinger > 0 && (limit <= 0 || c.cfg.DrainLinger < limit) {
		limit = c.cfg.DrainLinger
	}
	idle, k := deadline(c.progress, limit, LingerDeadline)
	if kind == NoDeadline || k != NoDeadline && idle < when {
		return idle, k
	}
	return when, kind
}
