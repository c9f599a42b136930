package conn

import (
	"bytes"
	"time"
)

// Drain asks for the connection's end once what has been received is answered.
// The last of these answers says "Connection: close". A connection that waits
// for a request is held: it ends when hold has passed since the drain began and
// since it last carried anything, and a request that comes before is answered.
// With a hold of zero or less it ends at once. Only the first call counts. One
// that lingers does so by DrainLinger from now on.
//
// RFC 9112 §9.6: a server that intends to close says so in its last answer.
// One that has nothing to answer can't, and "a client might have started to
// send a new request at the same time that the server has decided to close the
// "idle" connection" (§9.5): the hold is for that request.
func (c *Conn) Drain(now, hold time.Duration) {
	c.drained = true
	if c.life != lifeOpen {
		return
	}
	c.becomeDraining()
	c.progress = now
	c.hold = max(hold, 0)
}

// heldUntil is when a draining connection that waits for a request ends.
func (c *Conn) heldUntil() time.Duration {
	return max(c.since, c.progress) + c.hold
}

func (c *Conn) heldLongEnough(now time.Duration) bool {
	return c.life == lifeDraining && now >= c.heldUntil()
}

// headBehind tells, when an answer's head is committed, that another complete
// request head has been received: then this answer is not the last. What lies
// behind a chunked body can't be known before it has been read.
func (c *Conn) headBehind() bool {
	x := c.x
	rest := x.input.bytes
	switch {
	case c.read == readDone:
	case c.read == readBody && !x.body.chunked && c.discardable() && x.body.remaining <= int64(len(rest)):
		rest = rest[x.body.remaining:]
	default:
		return false
	}
	rest = bytes.TrimLeft(rest, "\r\n") // RFC 9112 §2.2: empty lines before a request-line
	return bytes.Contains(rest, []byte("\r\n\r\n"))
}
