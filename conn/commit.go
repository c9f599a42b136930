package conn

import (
	"strconv"

	"github.com/pollard-go/pollard/parser"
)

// commit decides on framing and persistence and puts the answer's head into
// the output. length is the content's if it is known, otherwise -1; a declared
// one counts before it. ending says that the handler has ended.
func (c *Conn) commit(length int64, ending bool) {
	c.persist(ending)
	r := &c.x.resp
	if r.Header.declared {
		length = r.Header.length
		r.cut(length)
	}
	var date []byte
	if c.cfg.Date != nil && !r.Header.dated {
		date = c.cfg.Date()
	}
	p := c.x.out.end()
	if memo := &c.x.memo; !c.memorable(length) {
		*p = c.appendHead(*p, date, length)
	} else if key := r.key(length); memo.holds(key, date) {
		r.framing, r.length = framingLength, length
		dst := append(*p, memo.text...)
		if ending { // all content is here: it needs no second look at the output
			dst = append(dst, r.content...)
			r.content = r.content[:0]
		}
		*p = dst
	} else {
		start := len(*p)
		*p = c.appendHead(*p, date, length)
		if r.framing == framingLength {
			memo.keep(key, date, (*p)[start:])
		}
	}
	c.becomeCommitted()
}

// appendHead adds the whole head. Without a date it has no Date field but the
// handler's.
func (c *Conn) appendHead(dst, date []byte, length int64) []byte {
	dst = appendStatusLine(dst, c.Status())
	if date != nil {
		dst = append(dst, "Date: "...)
		dst = append(dst, date...)
		dst = append(dst, '\r', '\n')
	}
	dst = append(dst, c.x.resp.Header.buf...)
	dst = c.appendFraming(dst, length)
	dst = c.appendConnection(dst)
	return append(dst, '\r', '\n')
}

// cut drops what was written beyond a length that was declared only afterwards:
// it would be taken for the start of the next answer.
func (r *response) cut(length int64) {
	if r.written > length {
		r.content = r.content[:min(int64(len(r.content)), length)]
		r.written = length
	}
}

// appendFraming chooses the framing and adds the field that tells it.
//
// RFC 9112 §6.1: no Transfer-Encoding with 1xx or 204, with 2xx to CONNECT, or
// to a peer that is not HTTP/1.1. RFC 9110 §8.6: no Content-Length with 1xx or
// 204, or with 2xx to CONNECT; with HEAD and 304 only that of the answer to GET.
func (c *Conn) appendFraming(dst []byte, length int64) []byte {
	r := &c.x.resp
	status := c.Status()
	r.framing = framingNone
	switch {
	case r.verb == parser.VerbConnect && status < 300:
		c.last(ReasonDelimited) // no tunnel begins, and what follows isn't HTTP
		return dst
	case status == 204:
		return dst
	case status == 205:
		return append(dst, "Content-Length: 0\r\n"...)
	case status == 304 && !r.Header.declared:
		return dst
	case status == 304:
		return appendContentLength(dst, length)
	}
	r.length = length
	switch {
	case length >= 0:
		r.framing = framingLength
		dst = appendContentLength(dst, length)
	case r.verb == parser.VerbHead && !c.handling:
		// Nothing was written: whether GET would have content isn't known.
	case !r.http10:
		r.framing = framingChunked
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	case r.verb != parser.VerbHead:
		r.framing = framingClose
		c.last(ReasonDelimited)
		c.delimited()
	}
	if r.verb == parser.VerbHead {
		r.framing = framingNone
	}
	return dst
}

func appendContentLength(dst []byte, n int64) []byte {
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, n, 10)
	return append(dst, '\r', '\n')
}

// frameContent puts content into the output, framed.
func (c *Conn) frameContent(b []byte) {
	if len(b) == 0 || c.x.resp.framing == framingNone {
		return
	}
	p := c.x.out.end()
	dst := *p
	if c.x.resp.framing == framingChunked {
		dst = appendChunkHead(dst, int64(len(b)))
		dst = append(dst, b...)
		dst = append(dst, '\r', '\n')
	} else {
		dst = append(dst, b...)
	}
	*p = dst
}

// borrow puts a segment into the output that is not copied: p, or n bytes of
// the driver's file.
func (c *Conn) borrow(p []byte, n int64) {
	o := &c.x.out
	if c.x.resp.framing == framingChunked {
		o.buf = appendChunkHead(o.buf, int64(len(p))+n)
		o.tail = append(o.tail[:0], '\r', '\n')
	}
	o.seg = segment{bytes: p, file: n}
}

// appendChunkHead adds a chunk's size line (RFC 9112 §7.1).
func appendChunkHead(dst []byte, n int64) []byte {
	dst = strconv.AppendInt(dst, n, 16)
	return append(dst, '\r', '\n')
}
