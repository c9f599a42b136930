package engine

import (
	"errors"
	"io"
	"iter"
	"net/netip"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/parser"
	"github.com/valyala/bytebufferpool"
)

// Request is a request that a handler answers. It and every []byte that it
// returns are valid until the handler returns: the bytes are views of the
// connection's buffer and must not be changed. Clone what is to outlive it.
//
// A Request, its Body and its Response are one thing where goroutines are
// concerned: one at a time may use them, and none after the handler has returned.
type Request struct {
	k    *call
	head *parser.Request
	body Body
	ctx  *requestContext
}

// Method returns the method, as sent: methods are case-sensitive (RFC 9110 §9.1).
// Here and elsewhere, string(r.Method()) == "GET" makes no copy.
func (r *Request) Method() []byte { return r.state().Method() }

// Target returns the request target as sent (RFC 9112 §3.2).
func (r *Request) Target() []byte { return r.state().Target() }

// Path returns the path of the target, still percent-encoded: "/" at least, "*"
// for the asterisk-form, empty for CONNECT.
func (r *Request) Path() []byte { return r.state().Path() }

// AppendPath appends the path with its percent-encoding decoded. ok is false if
// an escape is broken or stands for NUL. Dot segments are left as they are.
func (r *Request) AppendPath(dst []byte) (path []byte, ok bool) {
	return parser.AppendDecodedPath(dst, r.state().Path())
}

// Query returns what follows the first "?" of the target, still encoded.
func (r *Request) Query() []byte { return r.state().Query() }

// Host returns the authority that the request is for: of the target if it has
// one, otherwise of the Host field (RFC 9112 §3.3). It has been checked.
func (r *Request) Host() []byte {
	if a := r.state().Authority(); len(a) > 0 {
		return a
	}
	return r.state().First(parser.KnownHost)
}

// HTTP10 reports that the peer speaks HTTP/1.0; otherwise it is HTTP/1.1.
func (r *Request) HTTP10() bool { return r.state().Minor() == 0 }

// Field returns the value of the first field of that name, in any case.
func (r *Request) Field(name string) (value []byte, ok bool) { return r.state().Get(name) }

// Fields iterates over all fields in the order received, names as sent.
func (r *Request) Fields() iter.Seq2[[]byte, []byte] { return r.all(false) }

// Trailer iterates over the trailer fields. There are none before the body has
// been read to its end.
func (r *Request) Trailer() iter.Seq2[[]byte, []byte] {
	return r.all(true)
}

func (r *Request) all(trailer bool) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		f := &r.state().Fields
		if trailer && r.head != nil {
			f = &r.k.c.Trailer().Fields
		}
		for i := range f.Len() {
			if !yield(f.At(i)) {
				return
			}
		}
	}
}

// ContentLength returns the declared length of the body in bytes: 0 if there is
// none, -1 if it is chunked and so not known in advance.
func (r *Request) ContentLength() int64 {
	if r.over() {
		return 0
	}
	return r.k.c.ContentLength()
}

// Body returns the request's content as a stream.
func (r *Request) Body() *Body {
	if !r.over() {
		r.body.lent = true
	}
	return &r.body
}

// ReadAll returns the whole body, at most Limits.WholeBody bytes: as a view if
// it has been received in one piece, otherwise gathered. The error is one of
// Body.Read, or ErrBodyTooLarge.
func (r *Request) ReadAll() ([]byte, error) { return r.body.readAll() }

// LimitBody lowers the limit on the request's body to n bytes; zero or negative
// allows none. Reading more fails with ErrBodyTooLarge, at once if a greater length
// was declared. Answer with status 413 then; the connection ends so that the peer
// can read it.
func (r *Request) LimitBody(n int64) {
	if !r.over() {
		r.k.c.LimitBody(n)
	}
}

func (r *Request) over() bool { return r.k.over("Request") }

// Transaction returns the request's number on its connection, from 1.
func (r *Request) Transaction() int {
	if r.over() {
		return 0
	}
	return r.k.c.Transactions()
}

// ConnID returns a number that no other connection of the server has had.
func (r *Request) ConnID() uint64 {
	if r.over() {
		return 0
	}
	return r.k.io.id()
}

// RemoteAddr returns the address of the peer; invalid for a Unix socket. A link-local
// one has a zone: on Linux its interface's index.
func (r *Request) RemoteAddr() netip.AddrPort {
	if r.over() {
		return netip.AddrPort{}
	}
	return r.k.io.remote()
}

// LocalAddr returns the address that the peer connected to; invalid for a Unix
// socket.
func (r *Request) LocalAddr() netip.AddrPort {
	if r.over() {
		return netip.AddrPort{}
	}
	return r.k.io.local()
}

// Clone returns a copy of the head that outlives the handler.
func (r *Request) Clone() *Head {
	h := &Head{Method: string(r.Method()), Target: string(r.Target()), Host: string(r.Host()), Minor: r.state().Minor()}
	for name, value := range r.Fields() {
		h.Fields = append(h.Fields, Field{string(name), string(value)})
	}
	return h
}

// Head is a copy of a request's head.
type Head struct {
	Method, Target, Host string
	Minor                int // of HTTP/1.x
	Fields               []Field
}

// Field is one field line.
type Field struct{ Name, Value string }

// String gives the method and the target, for logs.
func (r *Request) String() string {
	if r.head == nil {
		return "request"
	}
	return string(r.head.Method()) + " " + string(r.head.Target())
}

// What reading a body can end with, besides io.EOF.
var (
	ErrBodyCut      error = conn.ErrBodyCut      // the peer ended in the middle
	ErrBodyTimeout  error = conn.ErrBodyTimeout  // the peer stopped sending, or sent too slowly
	ErrBodyTooLarge error = conn.ErrBodyTooLarge // more than the limit
	ErrClosed       error = conn.ErrClosed       // the connection has ended
)

// Body is a request's content. Asking for content that hasn't come sends
// "100 Continue" to a peer that waits for it (RFC 9110 §10.1.1), and blocks the
// handler's goroutine.
//
// It is no body for a request of net/http's client: that reads in a goroutine of
// its own, while the handler uses its Response and even after it has returned. Copy
// it into an io.Pipe, as the example does.
type Body struct {
	k        *call
	gathered *bytebufferpool.ByteBuffer
	charged  int64  // of gathered
	viewed   bool   // somebody has a view, so what it is of must stay while the handler waits
	whole    []byte // the view that readAll returned
	lent     bool   // somebody has the Body and has not read to the end: it may be read too late
}

// next returns a view of content, waiting for some.
func (b *Body) next() ([]byte, error) {
	k := b.k
	if k.over("Request") {
		return nil, conn.ErrEnded
	}
	k.io.refresh()
	for {
		p, err := k.c.Body(k.io.now())
		if len(p) > 0 {
			return p, nil
		}
		if err != nil {
			b.lent = false
			return nil, err
		}
		k.io.awaitInput()
	}
}

// Read reads content. The error is io.EOF at the end, an error that says what
// the peer did (ErrBodyCut, ErrBodyTimeout, ErrBodyTooLarge or a
// *conn.PeerError), or ErrClosed.
func (b *Body) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	view, err := b.next()
	if err != nil {
		return 0, err
	}
	n = copy(p, view)
	b.k.c.Consume(n)
	return n, nil
}

// WriteTo writes all content to w without a copy in between.
func (b *Body) WriteTo(w io.Writer) (total int64, err error) {
	for {
		view, err := b.next()
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		b.viewed = true // w may be the Response, which waits for the peer and sends the view itself
		n, err := w.Write(view)
		b.viewed = false
		total += int64(n)
		b.k.c.Consume(n)
		if err != nil {
			return total, err
		}
	}
}

func (b *Body) readAll() ([]byte, error) {
	if b.k.over("Request") {
		return nil, conn.ErrEnded
	}
	c := b.k.c
	limit := b.k.srv.opts.Limits.WholeBody
	length := c.ContentLength()
	if length > int64(limit) {
		return nil, ErrBodyTooLarge
	}
	for {
		view, err := b.next()
		switch {
		case errors.Is(err, io.EOF):
			if b.gathered == nil {
				return b.whole, nil // nil, or what an earlier call returned
			}
			return b.gathered.B, nil
		case err != nil:
			return nil, err
		case b.gathered == nil && int64(len(view)) == length:
			c.Consume(len(view))
			b.viewed, b.whole = true, view
			return view, nil
		}
		if b.gathered == nil {
			b.gathered = bytebufferpool.Get()
		}
		if len(b.gathered.B)+len(view) > limit {
			return nil, ErrBodyTooLarge
		}
		if b.k.srv.budget.spent() {
			return nil, ErrMemory
		}
		b.k.srv.budget.charge(&b.charged, int64(len(b.gathered.B)+len(view)))
		b.gathered.B = append(b.gathered.B, view...)
		c.Consume(len(view))
	}
}

// release gives up what was gathered.
func (b *Body) release() {
	b.k.srv.budget.charge(&b.charged, 0)
	if b.k.srv.opts.Debug {
		poison(b.gathered.B)
	}
	bytebufferpool.Put(b.gathered)
	b.gathered = nil
}
