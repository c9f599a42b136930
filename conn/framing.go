package conn

import (
	"bytes"

	"github.com/pollard-go/pollard/parser"
)

// refusal is why a syntactically correct head is not served.
type refusal struct {
	status int
	reason Reason
	detail string
}

var (
	refuseNoHost      = &refusal{400, ReasonBadRequest, "no Host field"}
	refuseHosts       = &refusal{400, ReasonBadRequest, "more than one Host field"}
	refuseHost        = &refusal{400, ReasonBadRequest, "invalid Host field"}
	refuseBothFrames  = &refusal{400, ReasonBadRequest, "both Transfer-Encoding and Content-Length"}
	refuseTE10        = &refusal{400, ReasonBadRequest, "Transfer-Encoding in an HTTP/1.0 request"}
	refuseNotChunked  = &refusal{400, ReasonBadRequest, "chunked is not the final transfer coding"}
	refuseTwiceChunk  = &refusal{400, ReasonBadRequest, "chunked more than once"}
	refuseCoding      = &refusal{501, ReasonBadRequest, "unknown transfer coding"}
	refuseLengths     = &refusal{400, ReasonBadRequest, "more than one Content-Length field"}
	refuseLength      = &refusal{400, ReasonBadRequest, "invalid Content-Length"}
	refuseExpectation = &refusal{417, ReasonBadRequest, "unknown expectation"}
	refuseScheme      = &refusal{421, ReasonBadRequest, "an https resource over an unsecured connection"}
	refuseTooLarge    = &refusal{413, ReasonTooLarge, "content too large"}
)

// governing are the fields that decide on framing, persistence and expectations.
// Most requests of programs have none of them.
var governing = parser.SetOf(parser.KnownTransferEncoding, parser.KnownContentLength, parser.KnownConnection, parser.KnownExpect)

// frame decides how the request's content is framed, and reads what else of
// the head the connection itself acts on. It returns nil if the request may be
// served.
func (c *Conn) frame(r *parser.Request) *refusal {
	if f := c.x.checkHost(r); f != nil {
		return f
	}
	// RFC 9110 §7.4: "an origin server MUST reject a request that is for an
	// https resource unless it has been received over a secured connection".
	if s := r.Scheme(); len(s) == len("https") && !c.cfg.Secured {
		return refuseScheme
	}
	b := &c.x.body
	b.limited, b.limit = c.cfg.BodyBytes > 0, c.cfg.BodyBytes
	if !r.HasAny(governing) {
		c.peerDone = r.Minor() == 0
		return nil
	}
	switch {
	case r.Count(parser.KnownTransferEncoding) > 0:
		if f := checkTransferEncoding(r); f != nil {
			return f
		}
		b.chunked = true
	case r.Count(parser.KnownContentLength) > 0:
		n, f := contentLength(r)
		if f != nil {
			return f
		}
		if b.limited && n > b.limit {
			return refuseTooLarge
		}
		b.remaining = n
	}
	c.readPersistence(r)
	return c.readExpectation(r)
}

// checkHost: RFC 9112 §3.2: "A server MUST respond with a 400 (Bad Request)
// status code to any HTTP/1.1 request message that lacks a Host header field
// and to any request message that contains more than one Host header field
// line or a Host header field with an invalid field value."
//
// A value that was valid last time is not looked at again: most peers send the
// same one with each request.
func (x *exchange) checkHost(r *parser.Request) *refusal {
	switch n := r.Count(parser.KnownHost); {
	case n == 0 && r.Minor() == 0:
		return nil
	case n == 0:
		return refuseNoHost
	case n > 1:
		return refuseHosts
	case r.Repeated():
		return nil // it was valid in the request before
	}
	host := r.First(parser.KnownHost)
	if len(host) > 0 && bytes.Equal(host, x.validHost) {
		return nil
	}
	if !parser.ValidHost(host) {
		return refuseHost
	}
	x.validHost = append(x.validHost[:0], host...)
	return nil
}

// checkTransferEncoding accepts exactly "chunked".
//
// RFC 9112 §6.1: a message with Transfer-Encoding from HTTP/1.0 has faulty
// framing; "Transfer-Encoding overrides the Content-Length. Such a message
// might indicate an attempt to perform request smuggling": refused rather than
// repaired. §6.3: if chunked is not the final coding "the server MUST respond
// with the 400 (Bad Request) status code". §6.1: an unknown coding: 501.
func checkTransferEncoding(r *parser.Request) *refusal {
	if r.Minor() == 0 {
		return refuseTE10
	}
	if r.Count(parser.KnownContentLength) > 0 {
		return refuseBothFrames
	}
	chunked, others, last := 0, 0, false
	for i := r.FirstIndex(parser.KnownTransferEncoding); i >= 0; i = r.NextKnown(parser.KnownTransferEncoding, i+1) {
		_, list := r.At(i)
		for {
			coding, rest, ok := parser.NextToken(list)
			if !ok {
				break
			}
			last = parser.EqualFold(coding, "chunked")
			if last {
				chunked++
			} else {
				others++
			}
			list = rest
		}
	}
	switch {
	case !last:
		return refuseNotChunked
	case chunked > 1:
		return refuseTwiceChunk
	case others > 0:
		return refuseCoding
	}
	return nil
}

// contentLength: RFC 9112 §6.3: an invalid Content-Length is unrecoverable.
// A list of equal values, or equal lines, is refused too: no client that means
// well sends one.
func contentLength(r *parser.Request) (int64, *refusal) {
	if r.Count(parser.KnownContentLength) > 1 {
		return 0, refuseLengths
	}
	n, ok := parser.ContentLength(r.First(parser.KnownContentLength))
	if !ok {
		return 0, refuseLength
	}
	return n, nil
}

// readExpectation: RFC 9110 §10.1.1: 100-continue is the only expectation; a
// server "that receives an Expect field value containing a member other than
// 100-continue MAY respond with 417"; one in an HTTP/1.0 request is ignored.
func (c *Conn) readExpectation(r *parser.Request) *refusal {
	if r.Count(parser.KnownExpect) == 0 || r.Minor() == 0 {
		return nil
	}
	for i := r.FirstIndex(parser.KnownExpect); i >= 0; i = r.NextKnown(parser.KnownExpect, i+1) {
		_, list := r.At(i)
		for {
			member, rest, ok := parser.NextToken(list)
			if !ok {
				break
			}
			if !parser.EqualFold(member, "100-continue") {
				return refuseExpectation
			}
			c.x.body.expects = true
			list = rest
		}
	}
	if c.x.body.complete() {
		c.x.body.expects = false // without content there is nothing to continue
	}
	return nil
}
