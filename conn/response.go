package conn

import (
	"strconv"
	"time"

	"github.com/pollard-go/pollard/parser"
)

// framing says how the peer finds the end of an answer's content (RFC 9112 §6).
type framing uint8

const (
	framingNone    framing = iota // there is none: HEAD, 1xx, 204, 304, CONNECT 2xx
	framingLength                 // Content-Length
	framingChunked                // chunked, to HTTP/1.1 peers only
	framingClose                  // the end of the connection, to HTTP/1.0 peers
)

const (
	// contentBuffer is how much content is gathered before it is framed. An
	// answer that ends within it gets a Content-Length without being asked to,
	// and small writes become one chunk.
	contentBuffer = 8 << 10

	// borrowBytes is from which length on a write is sent from the caller's
	// memory instead of being copied: below, a copy is cheaper than a system call.
	borrowBytes = 16 << 10
)

// response is the answer to the request under way.
type response struct {
	Header  Header
	Trailer Header
	content []byte // accepted and not framed yet
	answerFacts
}

// answerFacts are apart from what holds memory, so that forgetting them is one
// short assignment without pointers.
type answerFacts struct {
	status  int // 0 until set: 200
	verb    parser.Verb
	http10  bool
	framing framing
	aged    bool  // the connection was too old when the request came
	length  int64 // framingLength: declared
	written int64 // content bytes accepted, sent or not
}

func (r *response) reset() {
	r.Header.Reset()
	if len(r.Trailer.lines) > 0 {
		r.Trailer.Reset()
	}
	r.content = r.content[:0]
	r.answerFacts = answerFacts{}
}

// Header returns the fields of the answer. Changes after the head is committed
// have no effect.
func (c *Conn) Header() *Header { return &c.x.resp.Header }

// ResponseTrailer returns the trailer section of the answer. It is sent only
// with chunked framing (RFC 9110 §6.5), so not to HTTP/1.0 peers; name its
// fields in a Trailer field before the head is committed (§6.6.2).
func (c *Conn) ResponseTrailer() *Header {
	c.x.resp.Trailer.kind = trailerSection
	return &c.x.resp.Trailer
}

// Status returns the status of the answer, 200 if none was set.
func (c *Conn) Status() int {
	if c.x == nil || c.x.resp.status == 0 {
		return 200
	}
	return c.x.resp.status
}

// Written returns how many bytes of content the answer has so far.
func (c *Conn) Written() int64 {
	if c.x == nil {
		return 0
	}
	return c.x.resp.written
}

// Committed reports whether the answer's head can no longer be changed.
func (c *Conn) Committed() bool { return c.write != writeHead }

// SetStatus sets the final status: 200 to 599; or 101, the last answer of HTTP,
// which is sent by a hijack and not to HTTP/1.0 peers. RFC 9110 §15: "Values
// outside the range 100..599 are invalid."
func (c *Conn) SetStatus(status int) error {
	switch {
	case (status < 200 || status > 599) && status != statusSwitching:
		return ErrStatus
	case status < 200 && c.write == writeHead && c.x.resp.http10:
		return ErrInformationalHTTP
	case c.write == writeHead:
		c.x.resp.status = status
		return nil
	}
	return c.writeError(ErrCommitted)
}

// Changeable returns nil while the status and the fields can be changed, and
// otherwise why not: ErrCommitted, ErrEnded or ErrClosed.
func (c *Conn) Changeable() error {
	if c.write == writeHead {
		return nil
	}
	return c.writeError(ErrCommitted)
}

// ForgetAnswer forgets the status, the fields, the content and the trailer section
// that the answer has so far. The errors are those of Changeable.
func (c *Conn) ForgetAnswer() error {
	if err := c.Changeable(); err != nil {
		return err
	}
	r := &c.x.resp
	r.Header.Reset()
	r.Trailer.Reset()
	r.content = r.content[:0]
	r.status, r.written = 0, 0
	return nil
}

// writeError tells why nothing can be changed or written now.
func (c *Conn) writeError(committed error) error {
	switch {
	case c.write == writeBody && c.handling:
		return committed
	case c.write == writeClosed && c.reason == ReasonHijacked:
		return ErrHijacked
	case c.write == writeClosed:
		return ErrClosed
	}
	return ErrEnded
}

// Informational sends an informational answer (1xx, RFC 9110 §15.2) with the
// given fields, which may be nil, before the final one. 100 is sent by Body;
// 101 ends HTTP and is sent by a hijack: see SetStatus.
func (c *Conn) Informational(status int, fields *Header) error {
	switch {
	case status < 102 || status > 199:
		return ErrStatus
	case c.write != writeHead:
		return c.writeError(ErrCommitted)
	case c.x.resp.http10:
		return ErrInformationalHTTP
	}
	p := c.x.out.end()
	*p = appendStatusLine(*p, status)
	if fields != nil {
		*p = append(*p, fields.buf...)
		if fields.upgrades { // RFC 9110 §7.8
			*p = append(*p, "Connection: upgrade\r\n"...)
		}
	}
	*p = append(*p, '\r', '\n')
	return nil
}

// Write adds content to the answer and returns how much of p it took. Fewer
// than len(p) with no error means that unsent output is at its high-water mark:
// send, then call again with the rest. A long p may be borrowed instead of
// copied: while Borrowed, p must not change and nothing can be written.
//
// The errors: ErrBodyNotAllowed and ErrContentLength (what is not taken is
// dropped and the answer stays well-formed), ErrSegmentPending, ErrEnded,
// ErrClosed.
func (c *Conn) Write(p []byte) (n int, err error) {
	if !c.handling || c.write != writeHead && c.write != writeBody {
		return 0, c.writeError(ErrEnded)
	}
	x := c.x
	r := &x.resp
	if r.status != 0 || r.verb == parser.VerbConnect || r.Header.declared || c.write != writeHead {
		p, err = c.allowed(p) // otherwise there is no limit
	}
	switch {
	case x.out.seg.pending():
		return 0, ErrSegmentPending
	case len(p) == 0:
		return 0, err
	case r.verb == parser.VerbHead:
		return c.countOnly(p), err
	}
	// Behind a committed head the mark counts here too: Flush moves what is
	// gathered to the output, however full it is.
	if len(r.content)+len(p) <= contentBuffer && (c.write == writeHead || !x.out.full(c.cfg.OutputBytes)) {
		r.content = append(r.content, p...)
		r.written += int64(len(p))
		return len(p), err
	}
	if c.write == writeHead {
		c.commit(-1, false)
	}
	if x.out.full(c.cfg.OutputBytes) {
		return 0, nil
	}
	c.frameContent(r.content)
	r.content = r.content[:0]
	r.written += int64(len(p))
	switch {
	case len(p) >= borrowBytes:
		c.borrow(p, 0)
	case r.framing == framingLength:
		c.frameContent(p) // it needs no frame to which more could be gathered
	default:
		r.content = append(r.content, p...)
	}
	return len(p), err
}

// Gather is Write where that needs no look at the rules, neither commits the head
// nor leaves anything to be sent. It reports false if it has done nothing.
func (c *Conn) Gather(p []byte) bool {
	if c.write != writeHead || !c.handling {
		return false
	}
	r := &c.x.resp
	if r.status != 0 || r.verb == parser.VerbConnect || r.verb == parser.VerbHead || r.Header.declared || r.written+int64(len(p)) > contentBuffer {
		return false
	}
	r.content = append(r.content, p...)
	r.written += int64(len(p))
	return true
}

// Gathers reports that a Write of n bytes neither commits the head nor leaves
// anything to be sent: it can't fall short but by an error.
func (c *Conn) Gathers(n int) bool {
	return c.write == writeHead && c.handling && c.x.resp.written+int64(n) <= contentBuffer && !c.x.out.seg.pending()
}

// allowed cuts p to what the answer may still hold.
func (c *Conn) allowed(p []byte) ([]byte, error) {
	r := &c.x.resp
	if c.contentless() {
		if len(p) == 0 {
			return nil, nil
		}
		return nil, ErrBodyNotAllowed
	}
	limit, limited := r.Header.length, r.Header.declared
	if c.write == writeBody {
		limit, limited = r.length, r.framing == framingLength
	}
	if limited && int64(len(p)) > limit-r.written {
		return p[:max(0, limit-r.written)], ErrContentLength
	}
	return p, nil
}

// contentless tells that the status forbids content whatever the method:
// RFC 9110 §15.2 to §15.4 (1xx, 204, 205, 304), §9.3.6 (CONNECT with 2xx).
func (c *Conn) contentless() bool {
	status := c.Status()
	switch {
	case status == 204 || status == 205 || status == 304 || status == statusSwitching:
		return true
	case c.x.resp.verb == parser.VerbConnect:
		return status < 300
	}
	return false
}

// countOnly takes content of an answer to HEAD: it is counted for the fields'
// sake and never sent (RFC 9110 §9.3.2).
func (c *Conn) countOnly(p []byte) int {
	r := &c.x.resp
	r.written += int64(len(p))
	if c.write == writeHead && r.written > contentBuffer {
		c.commit(-1, false)
	}
	return len(p)
}

// WriteFile adds n bytes of a file that the driver knows to the answer. They
// leave the driver by its own way, as Output.File. If nothing was written and
// no length declared, they are the whole content. The errors are as of Write;
// after one, nothing was added.
func (c *Conn) WriteFile(n int64) error {
	if !c.handling || c.write != writeHead && c.write != writeBody {
		return c.writeError(ErrEnded)
	}
	r := &c.x.resp
	switch {
	case c.x.out.seg.pending():
		return ErrSegmentPending
	case c.contentless():
		return ErrBodyNotAllowed
	case n <= 0:
		return nil
	}
	if c.write == writeHead {
		if r.written == 0 && !r.Header.declared {
			r.Header.length, r.Header.declared = n, true
		}
		if r.Header.declared && n > r.Header.length-r.written {
			return ErrContentLength
		}
		c.commit(-1, false)
	} else if r.framing == framingLength && n > r.length-r.written {
		return ErrContentLength
	}
	r.written += n
	if r.verb != parser.VerbHead {
		c.frameContent(r.content)
		r.content = r.content[:0]
		c.borrow(nil, n)
	}
	return nil
}

// Flush commits the head and moves all content to the output.
func (c *Conn) Flush() error {
	if !c.handling || c.write != writeHead && c.write != writeBody {
		return c.writeError(ErrEnded)
	}
	r := &c.x.resp
	if c.write == writeHead {
		if r.status == statusSwitching {
			return ErrSwitch
		}
		c.commit(-1, false)
	}
	if c.x.out.seg.pending() {
		return nil
	}
	c.frameContent(r.content)
	r.content = r.content[:0]
	return nil
}

// End completes the answer: the handler has ended. It returns ErrShort if less
// content came than was declared; the answer is then cut off so that the peer
// can tell. ErrSwitch: status 101 was set and the connection not hijacked; the
// peer gets 500. After End nothing of the request is valid.
func (c *Conn) End(now time.Duration) (err error) {
	c.handling = false
	switch c.write {
	case writeHead:
		if c.x.resp.status == statusSwitching {
			c.Abort(now)
			return ErrSwitch
		}
		c.commit(c.finalLength(), true)
	case writeBody:
	default:
		return c.unanswered()
	}
	r := &c.x.resp
	c.frameContent(r.content)
	r.content = r.content[:0]
	switch r.framing {
	case framingLength:
		if r.written < r.length {
			c.setReason(ReasonAborted)
			c.becomeCutOff()
			c.turn(now)
			return ErrShort
		}
	case framingChunked:
		c.x.out.append("0\r\n")
		p := c.x.out.end()
		*p = append(*p, r.Trailer.buf...)
		*p = append(*p, '\r', '\n')
	}
	c.becomeAnswered()
	c.turn(now)
	return nil
}

// unanswered is the end of a handler whose answer has been given, or can't be. One
// that has hijacked the connection owes none.
func (c *Conn) unanswered() error {
	if c.reason != ReasonHijacked {
		return c.writeError(ErrEnded)
	}
	c.detach()
	return nil
}

// finalLength is the length of an answer that has ended before its head was
// committed; -1 if it is not told, as with trailer fields, or with an answer to HEAD
// that nobody has computed.
func (c *Conn) finalLength() int64 {
	r := &c.x.resp
	switch {
	case r.verb == parser.VerbHead:
		if r.written == 0 {
			return -1
		}
	case len(r.Trailer.lines) > 0 && !r.http10:
		return -1 // only chunks carry them
	}
	return r.written
}

// Abort ends the answer after the handler has failed. If its head is not
// committed the peer gets status 500; otherwise the answer is cut off so that
// its end can't be taken for a true one.
func (c *Conn) Abort(now time.Duration) {
	switch c.write {
	case writeHead:
		c.fill(500, "")
		_ = c.End(now)
	case writeBody:
		c.handling = false
		c.setReason(ReasonAborted)
		// Where the connection's end is the answer's end, only a reset tells.
		c.reset = c.x.resp.framing == framingClose
		c.becomeCutOff()
		c.turn(now)
	default:
		c.handling = false
		_ = c.unanswered()
	}
}

// Decline answers the request under way in a handler's stead, with Retry-After
// in whole seconds. The connection persists if it can.
func (c *Conn) Decline(now time.Duration, status int, retryAfter time.Duration) {
	c.fill(status, "")
	_ = c.x.resp.Header.Set("Retry-After", strconv.Itoa(int((retryAfter+time.Second-1)/time.Second)))
	_ = c.End(now)
}

// fill replaces what the answer has so far by a status and a line that says it.
func (c *Conn) fill(status int, detail string) {
	r := &c.x.resp
	r.Header.Reset()
	r.Trailer.Reset()
	_ = r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	r.status = status
	b := strconv.AppendInt(r.content[:0], int64(status), 10)
	b = append(b, ' ')
	b = append(b, StatusText(status)...)
	if detail != "" {
		b = append(b, ": "...)
		b = append(b, detail...)
	}
	r.content = append(b, '\n')
	r.written = int64(len(r.content))
	if r.verb == parser.VerbHead {
		r.content = r.content[:0]
	}
}

// turn goes on after an answer is complete.
func (c *Conn) turn(now time.Duration) {
	c.settle()
	switch {
	case c.write == writeIdle:
		c.since = now
		if c.x.out.pending() {
			c.x.out.answers++
		}
		c.x.nextRequest()
	case c.final:
		c.brief = c.peerFinished()
		c.deafen()
	}
}
