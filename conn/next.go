package conn

import (
	"bytes"
	"time"

	"github.com/pollard-go/pollard/parser"
)

// Event tells the driver what to do next.
type Event uint8

const (
	// NeedInput: nothing more can be done with what was received. Send what
	// Output has; more input, its end, or the deadline goes on.
	NeedInput Event = iota
	// Requested: a request head is complete. Run its handler: it reads the body
	// with Body, answers with Write and its kin, and ends with End.
	Requested
	// Paused: a handler is at work. Call Next again after End.
	Paused
	// Flush: output must leave before anything else can be done.
	Flush
	// Confirm: tell by Unacknowledged how much of what was sent the peer's system
	// does not have yet, and call Next again. A driver that can't know tells 0.
	Confirm
	// Shutdown: end our side of the connection, shutdown(SHUT_WR), and call Next
	// again. All output has been sent.
	Shutdown
	// Close: close the socket. Reason tells why. It is the last event.
	Close
	// Reset: close the socket so that the peer gets a reset. Otherwise as Close.
	Reset
)

var eventNames = [...]string{"need input", "requested", "paused", "flush", "confirm", "shutdown", "close", "reset"}

func (e Event) String() string { return eventNames[e] }

// Next goes on as far as it can and tells what it takes to go further.
func (c *Conn) Next(now time.Duration) Event {
	for {
		switch {
		case c.read == readHead && c.write == writeIdle: // mostly; then it is none of these
		case c.handling:
			return Paused
		case c.life == lifeClosed:
			c.detach()
			if c.reset {
				return Reset
			}
			return Close
		case c.life == lifeLingering:
			return c.nextLingering()
		case c.write == writeDone && c.final:
			if e, ok := c.endFinal(now); !ok {
				return e
			}
			continue
		case c.read == readDiscard:
			// Before output that waits: the peer may read its answer only when it has
			// sent all.
			if !c.discard(now) {
				return NeedInput
			}
			continue
		}
		if c.x != nil && c.gathered() {
			return Flush
		}
		if e, ok := c.nextHead(now); ok {
			return e
		}
	}
}

// nextLingering is the life after the last answer.
func (c *Conn) nextLingering() Event {
	if !c.shut {
		c.shut = true
		return Shutdown
	}
	if c.looking {
		return Confirm
	}
	if c.eof || c.lingeredEnough() {
		c.becomeClosed()
		c.detach()
		return Close
	}
	return NeedInput
}

// nextHead parses the head of the next request. ok is false if the state has
// changed and is to be looked at again.
func (c *Conn) nextHead(now time.Duration) (e Event, ok bool) {
	x := c.x
	if x == nil || len(x.input.bytes) == 0 {
		return c.nextIdle(now)
	}
	if !x.headStarted {
		x.headStarted, x.headSince = true, now
	}
	x.used = true
	n, err := x.req.Parse(x.input.bytes, &c.cfg.Head)
	switch {
	case err != nil:
		c.refuseHead(now, err)
		return 0, false
	case n > 0:
		x.input.takeHead(n)
		return c.requested(now)
	case !x.req.Started():
		// Empty lines before a request-line (RFC 9112 §2.2) begin no request and
		// are not kept, but for a CR whose LF has not come and may still matter.
		x.headStarted = false
		if b := x.input.bytes; b[len(b)-1] == '\n' || c.eof || c.heldLongEnough(now) {
			x.input.drop()
			x.req.Reset()
			return c.nextIdle(now)
		}
		return NeedInput, true
	case c.eof:
		// RFC 9112 §8: an incomplete request message may be answered with an error.
		c.refuse(now, 400, ReasonPeerCut, "request cut short")
		return 0, false
	}
	return NeedInput, true
}

// nextIdle is the case of no input between two requests.
func (c *Conn) nextIdle(now time.Duration) (e Event, ok bool) {
	switch {
	case c.x != nil && c.x.out.pending() && (c.eof || c.life == lifeDraining):
		return Flush, true
	case c.eof:
		c.setReason(ReasonPeerClosed)
		c.becomeClosed()
		return 0, false
	case c.heldLongEnough(now):
		c.setReason(ReasonDrain)
		c.linger(now)
		return 0, false
	}
	return NeedInput, true
}

// requested judges a complete head.
func (c *Conn) requested(now time.Duration) (e Event, ok bool) {
	x := c.x
	c.transactions++
	x.headStarted = false
	x.body.spent = now - x.headSince
	if f := c.frame(x.req); f != nil {
		c.refuse(now, f.status, f.reason, f.detail)
		return 0, false
	}
	if len(x.input.bytes) > 0 && x.body.complete() {
		x.req.Remember() // a request is pipelined behind it
	}
	x.resp.http10 = x.req.Minor() == 0
	x.resp.verb = x.req.Verb()
	x.resp.aged = c.aged(now)
	c.becomeRequested(!x.body.complete())
	c.handling = true
	return Requested, true
}

// refuseHead answers a head that the parser refused.
func (c *Conn) refuseHead(now time.Duration, err *parser.Error) {
	reason := ReasonBadRequest
	if err.Status == 414 || err.Status == 431 {
		reason = ReasonTooLarge
	}
	c.refuse(now, err.Status, reason, err.Reason.String())
}

// refuse makes the answer to a request that reaches no handler. It is the last
// one: where the next request would begin can't be known.
func (c *Conn) refuse(now time.Duration, status int, r Reason, detail string) {
	c.setReason(r)
	c.becomeRefused()
	x := c.attach()
	x.headStarted = false // nothing more of it is awaited
	x.resp.verb = x.verb()
	c.fill(status, detail)
	_ = c.End(now)
}

// Refuse answers, in place of the first request and before it has come, that the
// connection is not served: with the status, Retry-After in whole seconds, and
// "Connection: close". It lingers then, so that the peer can read that also
// when its request is on its way. It is to be called right after Init.
func (c *Conn) Refuse(now time.Duration, status int, retryAfter time.Duration) {
	c.must(c.read == readHead && c.write == writeIdle && c.transactions == 0)
	c.setReason(ReasonRefused)
	c.becomeRefused()
	x := c.attach()
	x.used = true // without a request too there is an answer to forget
	x.resp.verb = parser.VerbOther
	c.Decline(now, status, retryAfter)
}

// Reject answers a peer of which no request has been received, since what it
// speaks is not what is spoken here, and ends the connection.
func (c *Conn) Reject(now time.Duration, status int, detail string) {
	c.must(c.read == readHead && c.write == writeIdle && c.transactions == 0)
	c.attach().used = true // without a request too there is an answer to forget
	c.refuse(now, status, ReasonBadRequest, detail)
}

// Dismiss ends a connection of which no request has been received: in order, since
// what its transport had to say is on its way. What the peer still sends is discarded.
func (c *Conn) Dismiss(now time.Duration, r Reason) {
	c.must(c.read == readHead && c.write == writeIdle && c.transactions == 0)
	c.setReason(r)
	c.linger(now)
}

// verb returns the method of the request under way as far as an answer depends
// on it. The parser tells it once the head is complete; before, what counts is
// whether the peer expects an answer to HEAD, which has no content.
func (x *exchange) verb() parser.Verb {
	if x.input.head != nil {
		return x.req.Verb()
	}
	if bytes.HasPrefix(bytes.TrimLeft(x.input.bytes, "\r\n"), []byte("HEAD ")) {
		return parser.VerbHead
	}
	return parser.VerbOther
}

// Request returns the head of the request under way. It and all views taken
// of it are valid until End, or until Release if the head was not released yet.
func (c *Conn) Request() *parser.Request { return c.x.req }
