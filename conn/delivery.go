package conn

import "time"

// This file is how a reset waits for the answers before it.
//
// An answer that the end of the connection delimits, and that breaks off, can only
// be told from a whole one by a reset. A reset destroys what the peer's system has not
// acknowledged (RFC 9293 §3.10.5: "all segments queued for transmission [...] or
// retransmission should be flushed"), and that may be the answers to requests which
// were pipelined before. So it waits until the peer's system has these; Linux then
// leaves to the peer's program what that has not read yet.

// Our system does not say when something is acknowledged: the driver looks, first
// soon, since most answers are acknowledged within a round trip.
const (
	confirmFirst = time.Millisecond
	confirmMost  = 100 * time.Millisecond
)

// delivery is what is known of the bytes that were sent before the answer that is
// to be followed by a reset.
type delivery struct {
	owed  int64         // how many they are, since the connection began
	left  int64         // how many of them are not acknowledged
	begun bool          // the answer has been sent, and the driver is asked
	due   bool          // it is to be asked now
	again time.Duration // or when
	pause time.Duration // before that
}

// delimited begins an answer that the end of the connection delimits.
func (c *Conn) delimited() {
	o := &c.x.out
	c.x.delivery = delivery{owed: c.bytesOut + o.len()}
}

// Undelivered reports that all has been sent, and that a reset waits for the peer
// to have it.
func (c *Conn) Undelivered() bool {
	return c.life != lifeClosed && c.x != nil && c.reset && c.write == writeDone && !c.x.out.pending() && c.x.delivery.left > 0
}

// deliver is the end by a reset, once all has been sent. The limits are those of
// output that the peer does not take.
func (c *Conn) deliver(now time.Duration) Event {
	d := &c.x.delivery
	if !d.begun {
		d.begun, d.due, d.left = true, true, d.owed
		c.x.out.busy = busy{stuck: true, stuckSince: now}
	}
	switch {
	case d.left <= 0:
		c.becomeClosed()
		c.detach()
		return Reset
	case d.due || now >= d.again:
		return Confirm
	}
	return NeedInput
}

// Unacknowledged answers Confirm, and WantsUnacknowledged: how many of the bytes
// that were sent the peer's system has not acknowledged; negative if that can't be known.
func (c *Conn) Unacknowledged(now time.Duration, n int64) {
	switch {
	case c.life == lifeLingering && c.looking:
		c.lingerOn(now, n)
		return
	case c.life == lifeClosed || c.x == nil:
		return
	case !c.x.delivery.begun:
		c.looked(now, n)
		return
	}
	d, o := &c.x.delivery, &c.x.out
	left := max(n-(c.bytesOut-d.owed), 0) // what came after them needn't arrive
	if took := d.left - left; took > 0 && d.pause > 0 {
		o.waited += now - o.stuckSince
		o.stuckSince = now
		o.moved += took
	}
	d.left = left
	d.due = false
	d.pause = min(max(2*d.pause, confirmFirst), confirmMost)
	d.again = now + d.pause
}
