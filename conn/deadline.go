package conn

import "time"

// Deadline is what a connection waits for, and not for ever.
type Deadline uint8

const (
	NoDeadline     Deadline = iota // a handler is at work
	IdleDeadline                   // the first byte of a request
	HeadDeadline                   // the rest of a head
	BodyDeadline                   // more of a wanted, or of a discarded, body
	WriteDeadline                  // the peer's reading
	LingerDeadline                 // the peer's end
	HoldDeadline                   // a request that was on its way when a drain began
)

var deadlineNames = [...]string{"none", "idle", "head", "body", "write", "linger", "hold"}

func (d Deadline) String() string { return deadlineNames[d] }

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
		w, k := deadline(x.out.stuckSince, c.cfg.WriteTimeout, WriteDeadline)
		if kind == NoDeadline || k != NoDeadline && w < when {
			return w, k
		}
	}
	return when, kind
}

// readDeadline is the one that the read side has while an exchange is held.
func (c *Conn) readDeadline() (when time.Duration, kind Deadline) {
	x := c.x
	switch {
	case x.headStarted:
		return deadline(x.headSince, c.cfg.HeadTimeout, HeadDeadline)
	case x.body.waiting && (c.read == readBody || c.read == readDiscard):
		return deadline(x.body.since, c.cfg.BodyTimeout, BodyDeadline)
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
	case WriteDeadline:
		// The peer does not read: an orderly end would wait for it for ever.
		c.setReason(ReasonWriteTimeout)
		c.reset = true
		c.becomeClosed()
	case LingerDeadline:
		c.becomeClosed()
	}
	return true
}
