package conn

import (
	"strconv"
	"time"

	"github.com/pollard-go/pollard/parser"
)

// readPersistence reads what the peer wishes.
//
// RFC 9112 §9.3: "close" ends it; HTTP/1.1 persists otherwise; HTTP/1.0
// persists if "keep-alive" is given. A token "close" wins over any other.
func (c *Conn) readPersistence(r *parser.Request) {
	c.peerDone = r.Minor() == 0
	if r.Count(parser.KnownConnection) == 0 {
		return
	}
	closes := false
	for i := r.FirstIndex(parser.KnownConnection); i >= 0; i = r.NextKnown(parser.KnownConnection, i+1) {
		_, list := r.At(i)
		for {
			token, rest, ok := parser.NextToken(list)
			if !ok {
				break
			}
			switch {
			case parser.EqualFold(token, "close"):
				closes = true
			case parser.EqualFold(token, "keep-alive"):
				c.peerDone = false
			}
			list = rest
		}
	}
	c.peerDone = c.peerDone || closes
}

// persist decides, when an answer's head is committed, whether the connection
// goes on after it. It is the only place that decides so in time to tell the
// peer. ending says that the handler has ended and will not read the body.
func (c *Conn) persist(ending bool) {
	switch {
	case c.final:
	case c.peerDone:
		c.last(ReasonPeerAsked)
	case c.life == lifeDraining && !c.headBehind():
		c.last(ReasonDrain)
	case c.x.resp.Header.closes:
		c.last(ReasonHandlerAsked)
	case c.cfg.Transactions > 0 && int(c.transactions) >= c.maxTransactions():
		c.last(ReasonTransactions)
	case c.x.resp.aged:
		c.last(ReasonAge)
	case c.read == readBody && c.willStayUnread(ending):
		c.last(ReasonUnreadBody)
	}
}

func (c *Conn) last(r Reason) {
	c.setReason(r)
	c.becomeFinal()
}

// willStayUnread tells, when the head is committed, that the body will neither
// be read by the handler nor be short enough to be discarded.
//
// RFC 9110 §10.1.1: a peer that was not told to continue may or may not send
// its content after the final status, so what follows can't be told apart.
func (c *Conn) willStayUnread(ending bool) bool {
	b := &c.x.body
	if b.expects {
		return true
	}
	return !c.discardable() && (ending || !b.begun)
}

// appendConnection adds the fields that tell whether the connection persists.
//
// RFC 9110 §7.8: "A sender of Upgrade MUST also send an "Upgrade" connection
// option in the Connection header field".
func (c *Conn) appendConnection(dst []byte) []byte {
	keepAlive := !c.final && (c.x.resp.http10 || c.cfg.KeepAliveField)
	upgrade := c.x.resp.Header.upgrades
	if !c.final && !keepAlive && !upgrade {
		return dst
	}
	dst = append(dst, "Connection: "...)
	switch {
	case c.final:
		dst = append(dst, "close"...)
	case keepAlive:
		dst = append(dst, "keep-alive"...)
	}
	if upgrade {
		if c.final || keepAlive {
			dst = append(dst, ", "...)
		}
		dst = append(dst, "upgrade"...)
	}
	dst = append(dst, "\r\n"...)
	if keepAlive {
		// RFC 9112 appendix C.2.2: HTTP/1.0 persistence is confirmed. A
		// Keep-Alive field is hop-by-hop and so named by Connection.
		dst = c.appendKeepAlive(dst)
	}
	return dst
}

// appendKeepAlive tells the limits as they are for the next request.
func (c *Conn) appendKeepAlive(dst []byte) []byte {
	timeout := c.cfg.IdleTimeout >= time.Second
	limit := c.cfg.Transactions > 0
	if !timeout && !limit {
		return dst
	}
	dst = append(dst, "Keep-Alive: "...)
	if timeout {
		dst = append(dst, "timeout="...)
		dst = strconv.AppendInt(dst, int64(c.cfg.IdleTimeout/time.Second), 10)
	}
	if limit {
		if timeout {
			dst = append(dst, ", "...)
		}
		dst = append(dst, "max="...)
		dst = strconv.AppendInt(dst, int64(c.maxTransactions())-int64(c.transactions), 10)
	}
	return append(dst, "\r\n"...)
}
