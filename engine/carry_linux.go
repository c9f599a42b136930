package engine

import (
	"crypto/tls"
	"net/netip"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// This file is what a runner does for the handler that it runs: connection.

// awaitInput: see connection.
func (r *runner) awaitInput() {
	l := r.link
	r.refresh()
	if l.conn.Unsent() && r.send(l) == broken {
		return
	}
	if !l.readable {
		r.await(l)
	}
	if l.readable && l.conn.WantsInput() {
		r.receive(l)
	}
}

// awaitOutput: see connection.
func (r *runner) awaitOutput() error {
	l := r.link
	r.refresh()
	for l.conn.Unsent() {
		switch {
		case r.send(l) != blocked:
		case l.readable && l.conn.Deaf() && l.conn.WantsInput() && !l.unix:
			// The rest of a body that has broken: the peer may read only when it has
			// sent all. It is thrown away without a buffer.
			r.passBaton(l)
			r.receive(l)
		default:
			r.await(l)
		}
	}
	if l.conn.State().Closed() {
		return ErrClosed
	}
	return nil
}

// await waits until something is noted for l, and applies it. It may be called
// by a loop's holder: another goroutine then goes on with the loop.
func (r *runner) await(l *link) {
	r.passBaton(l)
	l.charge()
	if !r.head && !r.call.req.body.viewed { // what the handler has views of stays where it is
		l.conn.Release()
		r.releaseBuffer()
	}
	if when, kind := l.conn.Deadline(); kind != conn.NoDeadline && l.firesAfter(when) {
		l.loop.post(message{kind: armTimer, link: l, gen: l.gen, when: when})
	}
	for {
		w := l.word.Load()
		if w&notes != 0 {
			r.refresh()
			r.apply(l, l.takeNotes())
			return
		}
		if l.word.CompareAndSwap(w, w|parked) {
			<-r.wake
		}
	}
}

// passBaton lets another goroutine go on with the loop that the runner holds,
// if it does. The runner becomes the worker that owns l, and touches nothing of
// the loop from here on.
func (r *runner) passBaton(l *link) {
	r.takeBack()
	lp := r.loop
	if r.pinned != nil {
		lp, r.pinned = r.pinned, nil
	}
	if lp == nil {
		return
	}
	l.enter(StateHandling)
	l.owner = r
	l.word.Store(owned)
	l.watchOwned()
	r.loop = nil
	r.srv.crew.start(job{loop: lp})
}

// leaveLoop: see connection.
func (r *runner) leaveLoop() { r.passBaton(r.link) }

// pin: see connection. A loop whose baton is free is not taken.
func (r *runner) pin() {
	if lp := r.lent; lp != nil {
		if r.takeBack(); r.loop == lp {
			r.loop, r.pinned = nil, lp
		}
	}
}

// unpin: see connection.
func (r *runner) unpin() {
	if lp := r.pinned; lp != nil {
		r.loop, r.pinned = lp, nil
		r.lend()
	}
}

// attachFile: see connection.
func (r *runner) attachFile(f carrier.File, offset int64) {
	r.link.dropFile() // that before was sent, but perhaps not what follows it
	r.link.file = &sendFile{f, offset}
}

// bindContext: see connection. What would end the context may have happened
// already: it is noted before the context is looked for, so one of both sides
// sees the other.
func (r *runner) bindContext(c *requestContext) {
	l := r.link
	l.context.Store(c)
	if c == nil {
		return
	}
	switch w := l.word.Load(); {
	case w&noteClose != 0 || l.conn.Reason() == conn.ReasonServer:
		c.cancel(ErrServerClosed)
	case l.broken || w&noteBroken != 0:
		c.cancel(ErrPeerReset)
	case l.conn.State().Closed():
		c.cancel(ErrClosed)
	default:
		if l.ended {
			w |= noteEnd
		}
		l.cancelBy(w)
	}
}

func (r *runner) remote() netip.AddrPort { return r.link.remote() }
func (r *runner) local() netip.AddrPort  { return r.link.local() }
func (r *runner) id() uint64             { return r.link.id() }

func (r *runner) tlsState() *tls.ConnectionState { return nil }
