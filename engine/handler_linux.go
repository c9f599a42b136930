package engine

// This file is how a runner has a handler answer: it puts its loop down for that
// time, and takes it up again unless the watchdog gave it to another.

// serve runs the handler of the request that is ready. It reports false if the
// answer was detached or the connection hijacked: l is no longer the runner's.
func (r *runner) serve(l *link) bool {
	if l.conn.BodyOutstanding() {
		l.conn.Release() // the buffer is needed for the rest, so the head must not lie in it
	}
	if l.conn.Unsent() && l.loop.handlers.slow() {
		r.send(l) // answers are gathered for handlers that are quick; these are not
	}
	if r.srv.opts.Hooks.StateChanged != nil {
		l.enter(StateHandling)
	}
	r.head = l.conn.Lent()
	r.requests++
	k := r.call
	if k.stale() {
		k = &call{srv: r.srv} // the last one stays void
		r.call = k
	}
	k.begin(&l.conn, r)
	r.link = l
	r.lend()
	k.run()
	r.link, r.head = nil, false
	d, hijacked := k.resp.detached, k.resp.hijacked
	var record *detachedRecord
	if d != nil {
		record = k.keepRecord()
	}
	k.end()
	if hijacked {
		r.strayed()
		return false
	}
	if d == nil {
		if r.srv.opts.Debug {
			r.spoil(l)
		}
		return true
	}
	r.count(l)
	if r.late { // it would be taken for the next link's
		r.late = false
		r.handled(l)
	}
	if r.loop != nil {
		l.word.Store(owned)
		l.watchOwned()
	}
	l.enter(StateDetached)
	l.detached.Store(d)
	d.begin(&l.conn, l, record)
	return false
}

// lend puts the loop down for the time of a handler: from here to takeBack the
// runner is a worker in all that it does.
func (r *runner) lend() {
	lp := r.loop
	if lp == nil {
		return
	}
	r.loop, r.lent, r.at = nil, lp, lp.now
	if r.srv.watched {
		r.word = r.baton.enter()
		r.srv.watchdog.busy()
	}
}

// takeBack takes the loop up again. If it was taken meanwhile the runner is the
// worker that owns the link.
func (r *runner) takeBack() {
	lp := r.lent
	if lp == nil {
		return
	}
	r.lent = nil
	if !r.srv.watched || r.baton.leave(r.word) {
		r.loop = lp
	}
}

// returned: see connection.
func (r *runner) returned() {
	r.takeBack()
	if r.loop != nil {
		// Nobody could note anything, and no time counts.
		r.late = false
		if r.srv.ending.Load() {
			r.notice()
		}
		return
	}
	// What follows in the buffer is served at once, whatever the time is.
	if r.late = r.link.conn.Pipelined(); !r.late {
		r.handled(r.link)
	}
	r.notice()
}

// handled reads the clock after a handler, or some that ran one after the other.
func (r *runner) handled(l *link) {
	began := r.at
	r.refresh()
	if r.loop == nil {
		l.loop.handlers.took(r.at - began)
	}
}

// notice: see connection. The server's end counts also for a handler that holds
// up the loop which would tell of it.
func (r *runner) notice() {
	l := r.link
	if r.srv.ending.Load() {
		l.conn.Drain(r.now(), r.srv.opts.Close.Hold)
	}
	if bits := l.takeNotes(); bits != 0 {
		r.apply(l, bits)
	}
}

// spoil poisons the receive buffer after a request, for Debug: views of a body
// that lies there end with it.
func (r *runner) spoil(l *link) {
	if r.buf != nil && !l.conn.HasInput() {
		l.conn.Release()
		poison(r.buf)
	}
}
