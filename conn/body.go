package conn

import (
	"io"
	"time"

	"github.com/pollard-go/pollard/parser"
)

// requestBody is the content of the request under way.
type requestBody struct {
	bodyFacts
	err      error  // why no more can be had
	trailers []byte // the trailer section, copied
}

// bodyFacts are apart from what holds memory, so that forgetting them is one
// assignment without pointers.
type bodyFacts struct {
	chunked   bool
	expects   bool          // "Expect: 100-continue" was given and is not answered yet
	begun     bool          // the handler has asked for content
	trailing  bool          // chunked: the last chunk is behind, the trailer section follows
	waiting   bool          // somebody waits for content
	limited   bool          // there is a limit on content bytes
	limit     int64         // that
	remaining int64         // identity: bytes to come, received or not
	available int           // bytes at the front of the input that are content
	total     int64         // content bytes found so far
	discarded int64         // of these, thrown away
	since     time.Duration // when content last came, or began to be waited for
	waited    time.Duration // for content, before since
	spent     time.Duration // on the head
	chunks    parser.Chunked
}

// came tells that something has been received.
func (b *requestBody) came(now time.Duration) {
	if b.waiting {
		b.waited += now - b.since
	}
	b.since = now
}

// complete tells that there is no content (left) to come.
func (b *requestBody) complete() bool { return !b.chunked && b.remaining == 0 }

func (b *requestBody) reset() {
	b.bodyFacts = bodyFacts{}
	if b.err != nil {
		b.err = nil
	}
	b.trailers = b.trailers[:0]
	if cap(b.trailers) > keptBytes {
		b.trailers = nil
	}
}

// Body returns content of the request that has been received: a view that is
// valid until the next call of a method other than Consume. Consume takes it off.
//
//   - no bytes and no error: none has come. After sending what Output has, wait
//     for input; a peer that wishes to be told to continue is told so here.
//   - io.EOF: the content is complete. Trailer has its trailer section.
//   - *PeerError: the rest can't be had; the connection ends after the answer.
//   - ErrClosed: the connection has ended.
//
// Body and Consume may be called between Requested and End.
func (c *Conn) Body(now time.Duration) ([]byte, error) {
	x := c.x
	if x == nil || !c.handling {
		return nil, ErrEnded
	}
	b := &x.body
	switch {
	case b.err != nil:
		return nil, b.err
	case c.read == readDone:
		return nil, io.EOF
	case c.life == lifeClosed:
		return nil, ErrClosed
	}
	b.begun = true
	if err := c.findBody(); err != nil {
		c.breakBody(err)
		return nil, err
	}
	switch {
	case b.available > 0:
		b.expects, b.waiting = false, false
		return x.input.bytes[:b.available], nil
	case c.read == readDone:
		return nil, io.EOF
	case c.eof:
		c.setReason(ReasonPeerCut)
		c.breakBody(ErrBodyCut)
		return nil, ErrBodyCut
	}
	if b.expects && c.write == writeHead {
		// RFC 9110 §10.1.1: 100 (Continue) "to indicate that it wishes to receive
		// the request content"; not once a final status has been sent.
		c.x.out.append("HTTP/1.1 100 Continue\r\n\r\n")
	}
	b.expects = false
	if !b.waiting {
		b.waiting, b.since = true, now
	}
	return nil, nil
}

// Consume takes n bytes off the front of the view that Body returned. It does
// nothing once the connection has ended.
func (c *Conn) Consume(n int) {
	x := c.x
	if n == 0 || c.read == readClosed {
		return
	}
	c.must(x != nil && n <= x.body.available)
	b := &x.body
	x.input.consume(n)
	b.available -= n
	if !b.chunked {
		b.remaining -= int64(n)
		if b.remaining == 0 {
			c.becomeBodyRead()
		}
	}
}

// findBody looks for content at the front of the input.
func (c *Conn) findBody() error {
	x := c.x
	b := &x.body
	if b.available > 0 {
		return nil
	}
	if !b.chunked {
		b.available = int(min(int64(len(x.input.bytes)), b.remaining))
		b.total += int64(b.available)
		return nil
	}
	for b.available == 0 && !b.trailing && len(x.input.bytes) > 0 {
		skip, data, done, err := b.chunks.Next(x.input.bytes)
		if err != nil {
			c.setReason(ReasonBadRequest)
			return &PeerError{err.Status, err.Reason.String(), b.total}
		}
		x.input.consume(skip)
		b.available, b.trailing = data, done
		b.total += int64(data)
		if b.limited && b.total > b.limit {
			c.setReason(ReasonTooLarge)
			return ErrBodyTooLarge
		}
		if skip == 0 && data == 0 && !done {
			return nil
		}
	}
	if b.trailing {
		return c.findTrailer()
	}
	return nil
}

// findTrailer reads the trailer section (RFC 9112 §7.1.2).
func (c *Conn) findTrailer() error {
	x := c.x
	if len(x.input.bytes) == 0 {
		return nil
	}
	if x.trailer == nil {
		x.trailer = trailers.Get().(*parser.Trailer)
	}
	n, err := x.trailer.Parse(x.input.bytes, &c.cfg.Head)
	if err != nil {
		c.setReason(ReasonBadRequest)
		return &PeerError{err.Status, err.Reason.String(), x.body.total}
	}
	if n == 0 {
		return nil
	}
	x.body.trailers = append(x.body.trailers[:0], x.input.bytes[:n]...)
	x.trailer.Rebind(x.body.trailers)
	x.input.consume(n)
	c.becomeBodyRead()
	return nil
}

// BodyOutstanding reports whether content may have to be received yet.
func (c *Conn) BodyOutstanding() bool {
	b := &c.x.body
	return c.read == readBody && (b.chunked || b.remaining > int64(len(c.x.input.bytes)))
}

// Discarding reports that what comes is the rest of a request that nobody reads.
func (c *Conn) Discarding() bool { return c.read == readDiscard }

// LimitBody lowers the limit on the request's content to n bytes, if there is a
// higher one or none; a negative n is zero, which allows no content. Above it Body
// returns ErrBodyTooLarge: with a declared length, or if so much has come, at once,
// otherwise when it is reached.
func (c *Conn) LimitBody(n int64) {
	if c.x == nil || !c.handling {
		return
	}
	b := &c.x.body
	if n = max(n, 0); !b.limited || n < b.limit {
		b.limited, b.limit = true, n
	}
	if c.read == readBody && max(c.ContentLength(), b.total) > b.limit {
		c.setReason(ReasonTooLarge)
		c.breakBody(ErrBodyTooLarge)
	}
}

// Trailer returns the trailer section of the request. It is empty until Body
// has returned io.EOF, and valid until End.
func (c *Conn) Trailer() *parser.Trailer {
	if c.x.trailer == nil {
		return &noTrailer
	}
	return c.x.trailer
}

var noTrailer parser.Trailer

// ContentLength returns the length of the request's content as declared, 0 if
// it has none, -1 if it is chunked.
func (c *Conn) ContentLength() int64 {
	b := &c.x.body
	if b.chunked {
		return -1
	}
	return b.total - int64(b.available) + b.remaining
}

// breakBody: content that can't be had ends the connection after the answer.
func (c *Conn) breakBody(err error) {
	c.x.body.err = err
	c.x.body.available = 0
	c.x.input.drop()
	if c.read != readClosed {
		c.becomeBodyBroken()
	}
}

// discardable tells whether the unread rest of the body is, or may be, short
// enough to be read for the sake of the connection.
func (c *Conn) discardable() bool {
	b := &c.x.body
	return b.err == nil && b.remaining+b.discarded <= c.cfg.DiscardBytes
}

// discard throws away content that nobody asks for. It returns false if more
// input is needed for that.
func (c *Conn) discard(now time.Duration) bool {
	b := &c.x.body
	for {
		if err := c.findBody(); err != nil {
			c.breakBody(err)
			return true
		}
		if c.read == readDone {
			c.turn(now)
			return true
		}
		n := b.available
		if n == 0 {
			break
		}
		if b.discarded += int64(n); b.discarded > c.cfg.DiscardBytes {
			c.last(ReasonUnreadBody)
			c.deafen()
			return true
		}
		c.Consume(n)
	}
	if c.eof {
		c.setReason(ReasonPeerCut)
		c.breakBody(ErrBodyCut)
		return true
	}
	if !b.waiting {
		b.waiting, b.since = true, now
	}
	return false
}
