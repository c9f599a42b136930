package conn

import "github.com/pollard-go/pollard/parser"

// What stands in the way of a hijack, besides ErrCommitted, ErrEnded and ErrClosed.
var (
	ErrHijacked   = &MisuseError{"the connection was hijacked"}
	ErrWritten    = &MisuseError{"content was written already: the answer can't be given up"}
	ErrSwitch     = &MisuseError{"status 101 is sent by a hijack, and there was none"}
	ErrUpgrade    = &MisuseError{"a 101 names in Upgrade protocols that the request's Upgrade offers, as its Connection says (RFC 9110 §7.8)"}
	ErrBodyUnread = &MisuseError{"protocols are switched after the request's last byte (RFC 9110 §7.8): read its body first"}
)

// statusSwitching is the status that a hijack sends as the last of HTTP.
const statusSwitching = 101

// Hijackable returns nil if the connection can be taken from HTTP now: a
// handler is at work that has neither committed its answer's head nor written
// content. With status 101 the request must be read to its end, and the answer's
// Upgrade field must choose from the request's, which Connection must name.
func (c *Conn) Hijackable() error {
	switch {
	case !c.handling:
		return c.writeError(ErrEnded)
	case c.write != writeHead:
		return c.writeError(ErrCommitted)
	case c.read == readClosed:
		return ErrClosed // the body broke off: what comes is thrown away
	case c.x.resp.written > 0:
		return ErrWritten
	case c.x.resp.status != statusSwitching:
		return nil
	case c.read != readDone:
		return ErrBodyUnread
	case !c.offered():
		return ErrUpgrade
	}
	return nil
}

// offered tells whether the answer's Upgrade field chooses from the request's.
//
// RFC 9110 §7.8: "A server that sends a 101 (Switching Protocols) response MUST
// send an Upgrade header field to indicate the new protocol(s) […]; A server MUST
// NOT switch to a protocol that was not indicated by the client in the
// corresponding request's Upgrade header field." And: "A sender of Upgrade MUST also
// send an "Upgrade" connection option in the Connection header field": one without
// may be left over by an intermediary that doesn't know of it, and would go on
// speaking HTTP with us.
func (c *Conn) offered() bool {
	if c.x.req == nil || !lists(c.x.req, "Connection", []byte("upgrade")) { // see ForgetHead
		return false
	}
	list, _ := c.x.resp.Header.Get("Upgrade")
	protocol, list, any := parser.NextToken(list)
	for ok := any; ok; protocol, list, ok = parser.NextToken(list) {
		if !lists(c.x.req, "Upgrade", protocol) {
			return false
		}
	}
	return any
}

// lists tells whether the request names the member in a field of that name, in any
// case.
func lists(r *parser.Request, field string, member []byte) bool {
	for i := range r.Len() {
		name, list := r.At(i)
		if !parser.EqualFold(name, field) {
			continue
		}
		for token, rest, ok := parser.NextToken(list); ok; token, rest, ok = parser.NextToken(rest) {
			if parser.EqualFold(token, string(member)) {
				return true
			}
		}
	}
	return false
}

// SwitchProtocols puts the answer's head into the output if its status is 101.
// With another status, fields that were set are not sent: what the peer gets is
// up to whoever takes the connection. Hijackable must have returned nil.
func (c *Conn) SwitchProtocols() {
	if c.x.resp.status != statusSwitching {
		return
	}
	p := c.x.out.end()
	dst := appendStatusLine(*p, statusSwitching)
	dst = append(dst, c.x.resp.Header.buf...)
	*p = append(dst, "Connection: upgrade\r\n\r\n"...)
	c.becomeCommitted()
}

// Hijack ends the connection's life as one of HTTP: its reason is
// ReasonHijacked, also when another would have followed. Hijackable, then
// SwitchProtocols must have been called and all output been sent. It returns
// what has been received and not been consumed, which begins with what is unread
// of the request's body, framed as it came: a view that is valid until the next
// call of a method. The request's head stays valid until End.
func (c *Conn) Hijack() (received []byte) {
	received = c.x.input.bytes
	c.reason = ReasonHijacked
	c.becomeHijacked()
	return received
}
