package engine

import (
	"context"
	"errors"
	"sync"

	"github.com/pollard-go/pollard/conn"
)

// ErrBacklog is returned by a Detached whose peer reads too slowly: as much
// output as the limit allows is unsent.
var ErrBacklog = errors.New("engine: unsent output has reached its limit")

// Detached is an answer that goes on after its handler has returned: a long
// poll, or server-sent events. It holds no goroutine and no input buffer. Its
// methods can be called by any goroutine, also by several, and never block:
// what the socket does not take at once leaves when it can. It must be ended.
type Detached struct {
	// mu is held by whoever works with the connection: a caller, or the loop.
	// What is noted for the link meanwhile is acted on by who unlocks.
	mu   sync.Mutex
	link *link // nil when the connection is no longer ours
	srv  *Server
	err  error // why, then
	ctx  *requestContext
}

// Detach lets the handler return without ending the answer. Until it has
// returned, the Detached's methods wait; afterwards the Request, the Response
// and all of their views are invalid.
func (w *Response) Detach() *Detached {
	if w.over() {
		return &Detached{err: conn.ErrEnded}
	}
	if w.detached == nil {
		w.detached = &Detached{srv: w.k.srv}
		w.detached.mu.Lock()
	}
	return w.detached
}

// Write adds content. The error is ErrBacklog, ErrClosed when the connection
// has ended, or a *conn.MisuseError, also after End.
func (d *Detached) Write(p []byte) (n int, err error) {
	d.mu.Lock()
	defer d.unlock()
	if d.link == nil {
		return 0, d.err
	}
	c := &d.link.conn
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
	if d.link == nil {
		return d.err
	}
	return d.link.conn.Flush()
}

// End completes the answer; the connection goes on with the next request.
func (d *Detached) End() error {
	d.mu.Lock()
	defer d.unlock()
	if d.link == nil {
		return d.err
	}
	err := d.link.conn.End(d.srv.clock.now())
	d.finish(conn.ErrEnded)
	return err
}

// Abort breaks the answer off, so that the peer can tell.
func (d *Detached) Abort() {
	d.mu.Lock()
	defer d.unlock()
	if d.link != nil {
		d.link.conn.Abort(d.srv.clock.now())
		d.finish(conn.ErrEnded)
	}
}

// Context returns a context that ends with the connection or the answer, and
// with HalfCloseCancel when the peer ends its side: context.Cause tells why.
func (d *Detached) Context() context.Context {
	d.mu.Lock()
	defer d.unlock()
	if d.ctx == nil {
		d.ctx = newContext()
		if d.link == nil {
			d.ctx.cancel(d.err)
		}
	}
	return d.ctx
}

// begin makes d the owner of l. The caller holds d.mu since Detach.
func (d *Detached) begin(l *link) {
	l.conn.ForgetHead()
	l.conn.Release()
	l.detached.Store(d)
	d.link = l
	d.unlock()
}

// finish makes the link the loop's again, which goes on with it.
func (d *Detached) finish(err error) {
	l := d.link
	d.link, d.err = nil, err
	l.detached.Store(nil)
	if d.ctx != nil {
		d.ctx.cancel(err)
	}
	l.loop.post(message{kind: resume, link: l})
}

// noted is called by the loop when something was noted for the link.
func (d *Detached) noted() {
	if d.mu.TryLock() {
		d.unlock()
	}
}

// unlock gives the connection up, after it has been seen to: also what was noted
// while nobody could look.
func (d *Detached) unlock() {
	for {
		l := d.link
		if l == nil {
			d.mu.Unlock()
			return
		}
		d.tend(l)
		d.mu.Unlock()
		if l.word.Load()&notes == 0 || !d.mu.TryLock() {
			return
		}
	}
}

// tend acts on what was noted, and sends.
func (d *Detached) tend(l *link) {
	now := d.srv.clock.now()
	r := runner{srv: d.srv, at: now} // a worker, as far as sending is concerned
	r.apply(l, l.takeNotes())
	if l.broken {
		l.conn.ReceiveReset(now) // no read would find out: nobody reads
	}
	if l.ended && d.ctx != nil && !l.broken && d.srv.opts.Close.HalfClose == HalfCloseCancel {
		d.ctx.cancel(ErrPeerEnded)
	}
	if l.conn.Unsent() {
		r.send(l)
	}
	l.charge()
	if l.conn.State().Closed() {
		l.conn.Abort(now)
		d.finish(ErrClosed)
		return
	}
	if when, kind := l.conn.Deadline(); kind != conn.NoDeadline && l.firesAfter(when) {
		l.loop.post(message{kind: armTimer, link: l, gen: l.gen, when: when})
	}
}
