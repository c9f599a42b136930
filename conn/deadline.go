package conn

import "time"

// Deadline is what a connection waits for, and not for ever.
type Deadline uint8

const (
	NoDeadline        Deadline = iota // a handler is at work
	IdleDeadline                      // the first byte of a request
	HeadDeadline                      // the rest of a head
	BodyDeadline                      // more of a wanted, or of a discarded, body
	WriteDeadline                     // the peer's reading
	LingerDeadline                    // the peer's end
	HoldDeadline                      // a request that was on its way when a drain began
	BodyRateDeadline                  // more of a body, which comes too slowly
	ReceiveDeadline                   // the end of a request
	WriteRateDeadline                 // the peer's reading, which is too slow
	ConfirmDeadline                   // the time to look what the peer has acknowledged
)

var deadlineNames = [...]string{
	"none", "idle", "head", "body", "write", "linger", "hold", "body rate", "receive", "write rate", "confirm",
}

func (d Deadline) String() string { return deadlineNames[d] }

// OfInput reports that it is the peer's bytes, or its end, that are waited for.
func (d Deadline) OfInput() bool {
	switch d {
	case NoDeadline, WriteDeadline, WriteRateDeadline, ConfirmDeadline:
		return false
	}
	return true
}

// Deadline returns what the connection waits for and until when. Activity only
// moves it; a driver with a lazy timer need not look before the old one fires,
// unless the new one is sooner.
func (c *Conn) Deadline() (when time.Duration, kind Deadline) {
	if c.life == lifeLingering {
		return c.lingerDeadline()
	}
	if c.life == lifeClosed {
		return 0, NoDeadline
	}
	x := c.x
	if x == nil {
		return c.idleDeadline()
	}
	when, kind = c.readDeadline()
	if x.out.stuck {
		when, kind = c.writeDeadline(when, kind)
		if d := &x.delivery; c.Undelivered() && !d.due {
			when, kind = sooner(when, kind, d.again-d.pause, d.pause, ConfirmDeadline)
		}
	}
	return when, kind
}

// readDeadline is the one that the read side has while an exchange is held.
func (c *Conn) readDeadline() (when time.Duration, kind Deadline) {
	x := c.x
	switch {
	case x.headStarted:
		when, kind = deadline(x.headSince, c.cfg.HeadTimeout, HeadDeadline)
		return sooner(when, kind, x.headSince, c.cfg.ReceiveTimeout, ReceiveDeadline)
	case x.body.waiting && (c.read == readBody || c.read == readDiscard):
		b := &x.body
		when, kind = deadline(b.since, c.cfg.BodyTimeout, BodyDeadline)
		when, kind = c.rateDeadline(when, kind, b.since, b.waited, b.total, c.cfg.ReadRate, BodyRateDeadline)
		return sooner(when, kind, b.since-b.waited-b.spent, c.cfg.ReceiveTimeout, ReceiveDeadline)
	case c.write == writeIdle && !x.out.pending():
		return c.idleDeadline()
	}
	return 0, NoDeadline
}

// idleDeadline is the end of waiting for a request's first byte.
func (c *Conn) idleDeadline() (when time.Duration, kind Deadline) {
	when, kind = deadline(c.since, c.cfg.IdleTimeout, IdleDeadline)
	if c.life == lifeDraining {
		if held := c.heldUntil(); kind == NoDeadline || held < when {
			return held, HoldDeadline
		}
	}
	return when, kind
}

func deadline(since, limit time.Duration, kind Deadline) (time.Duration, Deadline) {
	if limit <= 0 {
		return 0, NoDeadline
	}
	return since + limit, kind
}

// sooner returns the given deadline, or this one if it comes before.
func sooner(when time.Duration, kind Deadline, since, limit time.Duration, k Deadline) (time.Duration, Deadline) {
	if limit > 0 && (kind == NoDeadline || since+limit < when) {
		return since + limit, k
	}
	return when, kind
}

// rateDeadline is when the peer will have been waited for, in all, for as long
// as the grace and its bytes at the rate allow; waited is the part before since.
func (c *Conn) rateDeadline(when time.Duration, kind Deadline, since, waited time.Duration, bytes, rate int64, k Deadline) (time.Duration, Deadline) {
	if rate <= 0 {
		return when, kind
	}
	const most = 1 << 30 // seconds
	allowed := time.Duration(min(bytes/rate, most))*time.Second + time.Duration(bytes%rate)*time.Second/time.Duration(rate)
	if end := since - waited + c.cfg.RateGrace + allowed; kind == NoDeadline || end < when {
		return end, k
	}
	return when, kind
}

// Expire acts on the deadline if it has passed; otherwise it does nothing. It
// reports whether it acted: call Next then. A handler that waits for content
// or for room to write gets its error from the next call.
func (c *Conn) Expire(now time.Duration) bool {
	when, kind := c.Deadline()
	if kind == NoDeadline || now < when {
		return false
	}
	switch kind {
	case IdleDeadline:
		c.setReason(ReasonIdle)
		c.linger(now)
	case HoldDeadline:
		c.setReason(ReasonDrain)
		c.linger(now)
	case HeadDeadline:
		c.refuse(now, 408, ReasonHeadTimeout, "the request head did not end in time")
	case BodyDeadline:
		c.setReason(ReasonBodyTimeout)
		c.breakBody(ErrBodyTimeout)
	case BodyRateDeadline:
		c.setReason(ReasonBodyRate)
		c.breakBody(ErrBodyRate)
	case ReceiveDeadline:
		c.receiveTimeout(now)
	case WriteDeadline:
		c.unread(ReasonWriteTimeout)
	case WriteRateDeadline:
		c.unread(ReasonWriteRate)
	case LingerDeadline:
		c.lingered(now)
	case ConfirmDeadline:
		if !c.x.delivery.begun { // see WantsUnacknowledged
			c.x.out.acknowledged.looked = now
			return false
		}
		c.x.delivery.due = true
	}
	return true
}

// receiveTimeout: the request as a whole has taken too long.
func (c *Conn) receiveTimeout(now time.Duration) {
	if c.x.headStarted {
		c.refuse(now, 408, ReasonReceiveTimeout, ErrReceiveTime.Reason)
		return
	}
	c.setReason(ReasonReceiveTimeout)
	c.breakBody(ErrReceiveTime)
}

// unread: the peer does not read, or too little. An orderly end would wait for
// it for ever.
func (c *Conn) unread(r Reason) {
	c.setReason(r)
	c.reset = true
	c.becomeClosed()
}
