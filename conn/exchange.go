package conn

import (
	"sync"
	"time"

	"github.com/pollard-go/pollard/parser"
	"github.com/valyala/bytebufferpool"
)

// An exchange is all that a connection needs only while it is at work: from a
// request's first byte until the answer's last has been handed to the socket.
// A connection that waits holds none, so it costs just its Conn.
type exchange struct {
	req     *parser.Request // nil while a long answer does without it
	input   input
	body    requestBody
	trailer *parser.Trailer // nil until a trailer section comes
	resp    response
	out     output
	memo    headMemo

	delivery delivery // set by an answer that the end of the connection delimits

	// validHost is the last Host value that was found valid, by any request.
	validHost []byte

	// headSince is when the first byte of the current head came.
	headSince time.Duration
	// headStarted tells that headSince holds.
	headStarted bool
	// used tells that there is something for nextRequest to forget.
	used bool
}

// The two that are large are pooled apart, since not every exchange needs them.
var (
	exchanges = sync.Pool{New: func() any { return &exchange{req: new(parser.Request)} }}
	requests  = sync.Pool{New: func() any { return new(parser.Request) }}
	trailers  = sync.Pool{New: func() any { return new(parser.Trailer) }}
)

// keptBytes bounds what a pooled exchange may keep of a buffer that grew.
const keptBytes = 32 << 10

// attach gives the connection an exchange to work with.
func (c *Conn) attach() *exchange {
	if c.x == nil {
		c.x = exchanges.Get().(*exchange)
		c.x.input.debug = c.cfg.Debug
	}
	return c.x
}

// detach returns the exchange. Views of it end here.
func (c *Conn) detach() {
	x := c.x
	if x == nil {
		return
	}
	c.x = nil
	x.nextRequest()
	x.req.Forget()
	x.input.drop()
	x.out.reset()
	if cap(x.validHost) > 256 {
		x.validHost = nil
	}
	exchanges.Put(x)
}

// ForgetHead says that nobody needs the head of the request any more, nor its
// trailer section: an answer that goes on for long then holds little memory.
func (c *Conn) ForgetHead() {
	x := c.x
	if x == nil || x.req == nil {
		return
	}
	x.input.releaseHead()
	x.input.headCopy = nil
	x.req.Forget()
	x.req.Reset()
	requests.Put(x.req)
	x.req = nil
	x.keepLittle(c.Committed())
}

// quietBytes is what an answer that goes on for long may keep of a buffer which
// is empty at that time.
const quietBytes = 512

// keepLittle gives up buffers that earlier answers have made large: the exchange
// will not be given back soon, and its answer may be small.
func (x *exchange) keepLittle(committed bool) {
	for _, b := range [...]*[]byte{&x.resp.content, &x.out.buf, &x.out.tail, &x.body.trailers} {
		if len(*b) == 0 && cap(*b) > quietBytes {
			*b = nil
		}
	}
	if h := &x.resp.Trailer; len(h.buf) == 0 && cap(h.buf) > quietBytes {
		h.release() // with what it knows of the section before
	}
	x.memo.forget()
	if h := &x.resp.Header; committed && cap(h.buf) > quietBytes {
		h.release() // they have been sent
	}
}

// nextRequest forgets the finished request and its answer.
func (x *exchange) nextRequest() {
	if !x.used {
		return
	}
	x.used = false
	if x.input.debug {
		poison(x.body.trailers)
		x.resp.Header.poison()
		x.resp.Trailer.poison()
	}
	if x.req == nil {
		x.req = requests.Get().(*parser.Request)
	}
	x.req.Reset()
	x.input.releaseHead()
	x.body.reset()
	if x.trailer != nil {
		x.trailer.Reset()
		trailers.Put(x.trailer)
		x.trailer = nil
	}
	x.resp.reset()
	x.headStarted = false
}

// input is what has been received and not consumed.
type input struct {
	// bytes is the unconsumed part. Where it lies is told by place.
	bytes []byte
	place place

	saved *bytebufferpool.ByteBuffer // backs bytes while place is inSaved

	// The complete head of the current request: its bytes, where they lie, and
	// what keeps them. Handlers hold views of them until the answer is complete,
	// so they never move after they were handed out, but by release.
	head      []byte
	headPlace place
	headBuf   *bytebufferpool.ByteBuffer // was saved, when the head came in pieces
	headCopy  []byte                     // kept between exchanges

	debug bool // Config.Debug
}

// place says whose memory holds bytes.
type place uint8

const (
	inNone     place = iota // nobody's: there are none
	inBorrowed              // the driver's, until Release
	inSaved                 // saved's
	inHead                  // headBuf's or headCopy's, behind the head
)

// add takes bytes that the driver lends.
func (in *input) add(b []byte) {
	if len(in.bytes) == 0 {
		in.freeSaved()
		in.bytes, in.place = b, inBorrowed
		return
	}
	in.save()
	old := len(in.bytes)
	if cap(in.bytes)-old < len(b) && cap(in.saved.B) >= old+len(b) {
		copy(in.saved.B[:old], in.bytes) // to the front: the consumed part makes room
		in.bytes = in.saved.B[:old]
	}
	if cap(in.bytes)-old >= len(b) {
		in.bytes = append(in.bytes, b...)
		return
	}
	grown := make([]byte, old, grownBytes(old+len(b)))
	copy(grown, in.bytes)
	in.bytes = append(grown, b...)
	if in.debug {
		poison(in.saved.B)
	}
	in.saved.B = in.bytes
}

// grownBytes doubles, so that input that comes byte by byte costs linear time.
func grownBytes(n int) int {
	size := 1 << 10
	for size < n {
		size <<= 1
	}
	return size
}

// save moves unconsumed bytes to memory that is the connection's own.
func (in *input) save() {
	if in.place == inSaved || len(in.bytes) == 0 {
		return
	}
	in.freeSaved()
	in.saved = bytebufferpool.Get()
	in.saved.B = append(in.saved.B[:0], in.bytes...)
	in.bytes, in.place = in.saved.B, inSaved
}

// consume takes n bytes off the front.
func (in *input) consume(n int) { in.bytes = in.bytes[n:] }

// takeHead consumes n bytes as the request's head.
func (in *input) takeHead(n int) {
	in.head = in.bytes[:n:n]
	in.headPlace = in.place
	in.bytes = in.bytes[n:]
	if in.place == inSaved {
		in.headBuf, in.saved = in.saved, nil
		in.place, in.headPlace = inHead, inHead
	}
}

// release ends the driver's loan. It reports whether the head has moved.
func (in *input) release() (moved bool) {
	if in.place == inBorrowed {
		if len(in.bytes) > 0 {
			in.save()
		} else {
			in.bytes, in.place = nil, inNone
		}
	}
	if len(in.bytes) == 0 && in.place == inSaved {
		in.freeSaved()
		in.bytes, in.place = nil, inNone
	}
	if in.head != nil && in.headPlace == inBorrowed {
		in.headCopy = append(in.headCopy[:0], in.head...)
		in.head, in.headPlace = in.headCopy, inHead
		return true
	}
	return false
}

// releaseHead ends the views of the head. The buffer that it came in goes on
// to hold what follows it.
func (in *input) releaseHead() {
	if in.debug {
		poison(in.head)
	}
	if in.headBuf != nil {
		if len(in.bytes) > 0 && in.place == inHead {
			in.saved, in.place = in.headBuf, inSaved
		} else {
			if in.debug {
				poison(in.headBuf.B)
			}
			bytebufferpool.Put(in.headBuf)
		}
		in.headBuf = nil
	}
	if len(in.bytes) == 0 && in.place == inHead {
		in.bytes, in.place = nil, inNone
	}
	in.head, in.headPlace = nil, inNone
}

// drop forgets all input.
func (in *input) drop() {
	in.bytes, in.place = nil, inNone
	in.freeSaved()
	if cap(in.headCopy) > keptBytes {
		in.headCopy = nil
	}
}

func (in *input) freeSaved() {
	if in.saved != nil {
		if in.debug {
			poison(in.saved.B)
		}
		bytebufferpool.Put(in.saved)
		in.saved = nil
	}
}

// poison makes views of b show that they are void: Config.Debug.
func poison(b []byte) {
	for i := range b {
		b[i] = poisonByte
	}
}

// poisonByte is no byte of a request that the parser accepts outside of values,
// and no UTF-8 by itself.
const poisonByte = 0xDB
