package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/pollard-go/pollard/conn"
)

// ErrBacklog is returned by a Detached whose peer reads too slowly: as much
// output as Limits.OutputBytes allows is unsent, beside what the system's buffers
// hold, which may be megabytes (Listen.SendBuffer).
var ErrBacklog = errors.New("engine: unsent output has reached its limit")

// Detached is an answer that goes on after its handler has returned: a long
// poll, or server-sent events. It holds no goroutine and no input buffer. Its
// methods can be called by any goroutine, also by several, and never block once
// the handler has returned: what the socket does not take at once leaves when it
// can. It must be ended, unless its context has.
type Detached struct {
	// mu is held by whoever works with the connection: a caller, or the loop.
	// What happens to the connection meanwhile is acted on by who unlocks.
	mu  sync.Mutex
	c   *conn.Conn // nil when the connection is no longer ours
	io  carried
	srv *Server
	err error // why, then
	ctx detachedContext

	record *detachedRecord // nil without Hooks.RequestDone

	wake chan struct{} // has a goroutine that waits for the answer's end look: see stream
}

// carried is what a transport does for a Detached. Whoever holds Detached.mu
// calls it, and owns the connection meanwhile.
type carried interface {
	ends
	// tend acts on what has happened, and sends. When the connection has ended it
	// calls Detached.cut.
	tend(d *Detached)
	// noted tells that more has happened since.
	noted() bool
	// resume goes on with the connection: its answer has ended.
	resume()
}

// Detach lets the handler return without ending the answer. Until it has
// returned, the Detached's methods wait for that, all but Context: the handler
// itself must not call them, nor wait for somebody who does (what it has to say
// first it writes to the Response). Afterwards the Request, the Response and all
// of their views are invalid.
func (w *Response) Detach() *Detached {
	if w.over() {
		return detachedNever(conn.ErrEnded)
	}
	if w.hijacked {
		return detachedNever(ErrHijacked)
	}
	if w.detached == nil {
		w.detached = &Detached{srv: w.k.srv}
		w.detached.mu.Lock()
	}
	return w.detached
}

// detachedNever is what can't be had.
func detachedNever(why error) *Detached {
	d := &Detached{err: why}
	d.ctx.end(why)
	return d
}

// Write adds content. The error is ErrBacklog, ErrClosed when the connection
// has ended, or a *conn.MisuseError, also after End. What does not fit is not taken, but
// if nothing was unsent and p alone exceeds Limits.OutputBytes: of that a part is, as n
// says, with ErrBacklog, however fast the peer reads. Nothing tells when there is room
// again, so raise the limit above the longest message.
func (d *Detached) Write(p []byte) (n int, err error) {
	d.mu.Lock()
	defer d.unlock()
	if d.c == nil {
		return 0, d.err
	}
	c := d.c
	if c.Borrowed() { // a file that the handler gave is on its way
		return 0, ErrBacklog
	}
	if c.Unsent() && c.Buffered()+len(p) > d.srv.opts.Limits.OutputBytes {
		return 0, ErrBacklog
	}
	for len(p) > 0 && err == nil {
		var k int
		k, err = c.Write(p[:min(len(p), detachedPiece)])
		if k == 0 && err == nil {
			return n, ErrBacklog
		}
		p = p[k:]
		n += k
	}
	return n, err
}

// detachedPiece is below the length from which conn borrows.
const detachedPiece = 8 << 10

// WriteString is Write for a string.
func (d *Detached) WriteString(s string) (n int, err error) { return d.Write([]byte(s)) }

// Flush has everything sent that was written. It does not wait for that.
func (d *Detached) Flush() error {
	d.mu.Lock()
	defer d.unlock()
	if d.c == nil {
		return d.err
	}
	return d.c.Flush()
}

// End completes the answer; the connection goes on with the next request.
func (d *Detached) End() error {
	d.mu.Lock()
	defer d.unlock()
	if d.c == nil {
		return d.err
	}
	d.record.done(d.srv, d.io, d.c, false)
	err := d.c.End(d.srv.clock.now())
	d.finish(conn.ErrEnded)
	return err
}

// Abort breaks the answer off, so that the peer can tell.
func (d *Detached) Abort() {
	d.mu.Lock()
	defer d.unlock()
	if d.c != nil {
		d.abort(conn.ErrEnded)
	}
}

// cut is called by the transport when the connection has ended.
func (d *Detached) cut() { d.abort(ErrClosed) }

func (d *Detached) abort(err error) {
	d.record.done(d.srv, d.io, d.c, true)
	d.c.Abort(d.srv.clock.now())
	d.finish(err)
}

// Context returns a context that ends with the connection or the answer, and
// with HalfCloseCancel when the peer ends its side: context.Cause tells why. It
// never waits, so the handler can call it too. What happens to the
// connection while the handler is at work ends the context afterwards.
func (d *Detached) Context() context.Context {
	ctx := d.ctx.get()
	d.noted() // what has happened already may end it
	return ctx
}

// detachedContext is made when somebody asks for it, or when it ends. It needs no
// lock, since Detached.mu is held while the handler is at work.
type detachedContext struct {
	made atomic.Pointer[requestContext]
}

func (c *detachedContext) get() *requestContext {
	if ctx := c.made.Load(); ctx != nil {
		return ctx
	}
	c.made.CompareAndSwap(nil, newContext())
	return c.made.Load()
}

// end ends it, unless that has been done.
func (c *detachedContext) end(cause error) { c.get().cancel(cause) }

// begin makes d the owner of c. The caller holds d.mu since Detach.
func (d *Detached) begin(c *conn.Conn, io carried, rec *detachedRecord) {
	c.ForgetHead()
	c.Release()
	d.c, d.io, d.record = c, io, rec
	d.unlock()
}

// finish makes the connection its transport's again, which goes on with it.
func (d *Detached) finish(err error) {
	d.c, d.err = nil, err
	d.ctx.end(err)
	d.io.resume()
}

// noted is called by the transport when something has happened.
func (d *Detached) noted() {
	if d.mu.TryLock() {
		d.unlock()
	}
}

// unlock gives the connection up, after it has been seen to: also what happened
// while nobody could look.
func (d *Detached) unlock() {
	for {
		io := d.io
		if d.c == nil {
			d.mu.Unlock()
			return
		}
		io.tend(d)
		d.mu.Unlock()
		if !io.noted() || !d.mu.TryLock() {
			return
		}
	}
}
