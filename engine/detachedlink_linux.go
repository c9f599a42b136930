package engine

import "github.com/pollard-go/pollard/conn"

// This file is what a link does for a Detached that owns it: carried.

// tend: see carried.
func (l *link) tend(d *Detached) {
	now := d.srv.clock.now()
	r := runner{srv: d.srv, at: now} // a worker, as far as sending is concerned
	bits := l.takeNotes()
	stuck := bits == noteTimer && l.conn.WantsUnacknowledged(now) // an edge tells when the socket takes more
	r.apply(l, bits)
	if l.broken {
		l.conn.ReceiveReset(now) // no read would find out: nobody reads
	}
	if l.ended && !l.broken && d.srv.opts.Close.HalfClose == HalfCloseCancel {
		d.ctx.end(ErrPeerEnded)
	}
	if l.conn.Unsent() && !stuck {
		r.send(l)
	}
	l.charge()
	if l.conn.State().Closed() {
		d.cut()
		return
	}
	if when, kind := l.conn.Deadline(); kind != conn.NoDeadline && l.firesAfter(when) {
		l.loop.post(message{kind: armTimer, link: l, gen: l.gen, when: when})
	}
}

// noted: see carried. Until resume the link is the caller's, or its successor's;
// afterwards the answer is no more than a look too much.
func (l *link) noted() bool { return l.word.Load()&notes != 0 }

// resume: see carried.
func (l *link) resume() {
	l.detached.Store(nil)
	l.loop.post(message{kind: resume, link: l})
}
