package conn

import "time"

// What a socket takes is not what the peer reads: its buffer can take megabytes,
// and takes nothing for a while although the peer reads on. A driver that can tell
// how much the peer's system has acknowledged (TCP) is asked for it now and then
// while output is stuck; from the first answer on, that alone is progress.

// acknowledged is what the driver has told in this exchange. Unlike the rest of busy
// it lasts when the socket has taken all there was, since handlers write in pieces.
type acknowledged struct {
	since       time.Duration // when output got stuck
	waited      time.Duration // how long it was stuck before
	silent      time.Duration // how much of that after the last progress
	looked      time.Duration // when the driver was last asked, or since
	first, last int64         // what it told
	told        bool          // first and last hold
}

const (
	// looksEach is how often the driver is asked within the shorter of the limits:
	// that is how exactly the moment of the last progress is known.
	looksEach = 40
	mostOften = time.Second / 100

	// unreadCredit is how much of what was acknowledged before counts as progress at
	// a rate: it may lie in the peer's system, unread, and as long as it is being
	// read no acknowledgement needs to come.
	unreadCredit = 64 << 10
)

// Acknowledges says that the driver can tell Unacknowledged. It is called after
// Init.
func (c *Conn) Acknowledges() { c.acknowledges = true }

// WantsUnacknowledged tells that Unacknowledged should be called before Expire.
func (c *Conn) WantsUnacknowledged(now time.Duration) bool {
	if !c.acknowledges || c.x == nil || !c.x.out.stuck || c.x.delivery.begun {
		return false
	}
	when, kind := c.Deadline()
	return (kind == ConfirmDeadline || kind == WriteDeadline || kind == WriteRateDeadline) && now >= when
}

// looked takes what the driver has told while output is stuck. Bytes that it counts
// as they were secured are more than ours, by less than a peer that reads takes in
// a look's time.
func (c *Conn) looked(now time.Duration, unacknowledged int64) {
	if !c.acknowledges || !c.x.out.stuck {
		return
	}
	o := &c.x.out
	a := &o.acknowledged
	a.looked = now
	if unacknowledged < 0 {
		return
	}
	total := c.bytesOut - unacknowledged
	switch {
	case !a.told:
		a.told, a.first, a.last = true, total, total
		o.stuckSince = now
	case total > a.last:
		a.last = total
		o.stuckSince = now
	}
}

// emptied says that the socket has taken all there was, stuck since the last progress
// in since: that it did is none.
func (a *acknowledged) emptied(now, since time.Duration) {
	a.waited += now - a.since
	if a.told {
		a.silent = now - since
	}
}

// writeDeadline is the sooner of the given deadline and those of stuck output.
func (c *Conn) writeDeadline(when time.Duration, kind Deadline) (time.Duration, Deadline) {
	o := &c.x.out
	a := &o.acknowledged
	when, kind = sooner(when, kind, o.stuckSince, c.cfg.WriteTimeout, WriteDeadline)
	if a.told {
		bytes := a.last - a.first + min(max(a.first, 0), unreadCredit)
		when, kind = c.rateDeadline(when, kind, a.since, a.waited, bytes, c.cfg.WriteRate, WriteRateDeadline)
	} else {
		when, kind = c.rateDeadline(when, kind, o.stuckSince, o.waited, o.moved, c.cfg.WriteRate, WriteRateDeadline)
	}
	if c.acknowledges && !c.x.delivery.begun {
		when, kind = sooner(when, kind, a.looked, c.lookEvery(), ConfirmDeadline)
	}
	return when, kind
}

// lookEvery is when the driver is asked again; 0: never.
func (c *Conn) lookEvery() time.Duration {
	least := max(c.cfg.WriteTimeout, 0)
	if c.cfg.WriteRate > 0 && c.cfg.RateGrace > 0 && (least == 0 || c.cfg.RateGrace < least) {
		least = c.cfg.RateGrace
	}
	if least == 0 {
		return 0
	}
	return max(least/looksEach, mostOften)
}
