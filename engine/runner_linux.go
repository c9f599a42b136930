package engine

import (
	"runtime"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/sock"
)

const (
	// loopReceiveBytes is what one read of a loop takes at most. It is small,
	// because a handler that blocks keeps it: the head of its request lies there.
	loopReceiveBytes = 16 << 10

	discardBytes = 1 << 20 // what one discarding read throws away at most
	turnReads    = 16      // how often a loop reads from one connection before the others get their turn
)

// runner is a goroutine of the engine. It either holds a loop, and then owns
// all links of it that no worker owns, or works for one link that it owns, or
// waits for a job.
type runner struct {
	srv      *Server
	loop     *loop // the loop that it holds
	lent     *loop // the loop that it will hold again after the handler, unless it is taken
	pinned   *loop // lent, but out of the watchdog's reach
	baton    baton
	word     uint32        // of the handler's, while a loop is lent
	at       time.Duration // when the clock was last read
	buf      []byte        // to receive into, nil while it is not needed
	pausing  bool          // the link at hand is not to be read from for a while
	late     bool          // a handler has returned since the clock was last read
	last     bool          // what is being sent is the last, and our side's end follows
	requests int64         // served and not counted yet
	head     bool          // the head of the request under way lies in buf
	stray    bool          // the handler goes on without a link: it has hijacked the connection
	jobs     chan job
	job      job           // the one under way
	wake     chan struct{} // ends its waiting for a link's notes
	link     *link         // whose request is under way on this goroutine
	call     *call
}

// job is what a runner is to do: to hold a loop, or to serve the request that
// link's connection has ready, or to go on with link after that.
type job struct {
	loop   *loop
	link   *link
	served bool
}

func newRunner(s *Server) *runner {
	r := &runner{srv: s, jobs: make(chan job, 1), wake: make(chan struct{}, 1)}
	r.call = &call{srv: s}
	return r
}

// run does one job after the other until the crew has no place for it.
func (r *runner) run() {
	defer r.exited()
	for j := range r.jobs {
		r.job = j
		if j.loop != nil {
			r.loop = j.loop
			r.loop.run(r)
		} else {
			r.work(j)
		}
		r.releaseBuffer()
		r.job = job{}
		if !r.srv.crew.rest(r, j) {
			return
		}
	}
}

// exited is deferred: a handler may end its goroutine by runtime.Goexit, and
// then somebody else has to go on with its link, and with the loop.
func (r *runner) exited() {
	l, lp := r.link, r.loop
	r.strayed()
	if l != nil {
		r.count(l)
		l.conn.Release()
	}
	switch {
	case lp != nil:
		r.loop = nil
		if l != nil {
			lp.again(l)
		}
		r.srv.crew.start(job{loop: lp})
	case l != nil:
		r.srv.crew.start(job{link: l, served: true})
	}
	r.srv.crew.left(r.job)
}

// buffer returns the buffer to receive into.
func (r *runner) buffer() []byte {
	if r.buf == nil {
		pool := &r.srv.workerBuffers
		if r.loop != nil {
			pool = &r.srv.loopBuffers
		}
		r.buf = pool.take()
	}
	return r.buf
}

// releaseBuffer gives the buffer back when nothing lies in it.
func (r *runner) releaseBuffer() {
	switch {
	case r.buf == nil:
		return
	case len(r.buf) == loopReceiveBytes:
		r.srv.loopBuffers.give(r.buf)
	default:
		r.srv.workerBuffers.give(r.buf)
	}
	r.buf = nil
}

// now is the time that the loop woke at, also for a handler that it runs; for a
// worker it is when the clock was last read: see refresh.
func (r *runner) now() time.Duration {
	if r.loop != nil {
		return r.loop.now
	}
	return r.at
}

// refresh reads the clock where time may have passed for a worker: when it
// begins, when a handler has returned or calls, and when it has waited. A handler
// that is quick on its loop takes no time.
func (r *runner) refresh() {
	if r.loop != nil || r.lent != nil && (!r.srv.watched || r.baton.held(r.word)) {
		return
	}
	r.at = r.srv.clock.now()
}

// work is a worker's job.
func (r *runner) work(j job) {
	j.link.owner = r
	r.refresh()
	if !j.served && j.link.word.Load()&noteClose != 0 {
		r.drop(j.link)
		return
	}
	if j.served || r.serve(j.link) {
		r.turn(j.link)
	}
}

// turn goes on with l, which the runner owns, until nothing can be done before
// something happens. A link that a loop's holder did not hand over stays its own.
func (r *runner) turn(l *link) {
	for r.advance(l) {
		r.count(l)
		l.conn.Release()
		l.charge()
		if state := stateOf(&l.conn); state != l.state {
			l.enter(state)
		}
		pausing := r.pausing
		r.pausing = false
		if !l.polled && !l.watch() {
			l.conn.Close(conn.ReasonServer)
			continue
		}
		if r.loop != nil {
			r.loop.arm(l)
			if pausing {
				r.loop.pause(l)
			}
			return
		}
		lp, gen := l.loop, l.gen
		if r.giveBack(l) {
			if pausing {
				lp.post(message{kind: pauseLink, link: l, gen: gen})
			}
			return
		}
	}
}

// advance does what can be done with l now. It reports false if l has been
// closed or handed over.
func (r *runner) advance(l *link) bool {
	reads, served := 0, 0
	hungry := false // all that was received has been looked at
	held := false   // the end of the last answer was held back, to leave with our side's end
	for {
		if served == turnRequests && r.loop != nil {
			served = 0
			if r.sendUnsent(l) != broken {
				r.loop.again(l)
				return true
			}
		}
		// What waits to be looked at comes first: a peer that pipelines would
		// otherwise have a whole buffer read for each request that is served.
		if l.readable && l.conn.WantsInput() && (hungry || !l.conn.HasInput()) {
			// One that has ended is read to its end, which gives its memory back.
			if r.srv.budget.tight(l.charged) && !l.conn.Deaf() && !l.ended {
				if r.sendUnsent(l) == broken {
					continue
				}
				r.srv.budget.pauses.Add(1)
				r.pausing = true
				return true
			}
			if reads++; reads > turnReads && r.loop != nil {
				r.loop.again(l)
				return true
			}
			r.receive(l)
		}
		hungry = false
		event := l.conn.Next(r.now())
		if r.late && event != conn.Requested {
			r.late = false
			r.handled(l)
			l.conn.Late(r.now())
		}
		switch event {
		case conn.NeedInput:
			switch out := r.sendUnsent(l); {
			case out == broken:
				continue
			case out == yielded || !l.readable || !l.conn.WantsInput():
				return true
			}
			hungry = true
		case conn.Requested:
			if !r.requested(l, &served) {
				return false
			}
		case conn.Flush:
			r.last = l.conn.EndFollows()
			result := r.send(l)
			held, r.last = r.last, false
			if result == yielded || result == blocked && !(l.readable && l.conn.WantsInput()) {
				return true
			}
		case conn.Confirm:
			r.confirm(l)
		case conn.Shutdown:
			sock.ShutdownWrite(int(l.fd))
		case conn.Close:
			if held {
				// Closing would throw away what was held back if something has come.
				sock.ShutdownWrite(int(l.fd))
			}
			r.close(l, false)
			return false
		case conn.Reset:
			r.close(l, true)
			return false
		default: // Paused cannot be: handlers end before their runner goes on
			panic("engine: connection paused without a handler")
		}
	}
}

// requested has the request that l's connection has ready answered. It reports
// false if l is not the runner's any more.
func (r *runner) requested(l *link, served *int) bool {
	switch {
	case r.loop != nil && r.loop.workersFirst():
		return !r.handOver(l)
	case *served >= turnRequests:
		if *served = 0; r.yield(l) {
			return false
		}
	}
	*served++
	return r.serve(l)
}

// yield puts l, whose connection has a request ready, behind those that wait for a
// worker, if the runner is one and any do. It reports whether it has.
func (r *runner) yield(l *link) bool {
	if r.job.link != l || r.job.served || !r.srv.crew.isAwaited() {
		return false
	}
	if r.late {
		r.late = false
		r.handled(l)
	}
	r.sendUnsent(l) // that it is broken is found by the next
	r.count(l)
	l.conn.Release()
	l.charge()
	return r.srv.crew.yield(job{link: l})
}

// handOver gives l, whose connection has a request ready, to a worker. It
// reports false if there are too many of them: the request is declined.
func (r *runner) handOver(l *link) bool {
	if !l.watch() {
		l.conn.Close(conn.ReasonServer)
		l.conn.Abort(r.now())
		return false
	}
	l.conn.Release()
	if r.srv.opts.Hooks.StateChanged != nil {
		l.enter(StateHandling)
	} else {
		l.enter(StateIdle) // the crew counts it
	}
	l.word.Store(owned)
	r.loop.plainAt = r.loop.now // its answer is not known yet
	if r.srv.crew.start(job{link: l}) {
		runtime.Gosched()
		return true
	}
	l.word.Store(0)
	r.loop.counters.declined.Add(1)
	r.srv.declined(l, &l.conn)
	l.conn.Decline(r.now(), 503, r.srv.opts.Dispatch.RetryAfter)
	return false
}

// giveBack makes l its loop's again. It reports false if something was noted
// meanwhile: that has been applied, and the runner goes on.
func (r *runner) giveBack(l *link) bool {
	lp, gen := l.loop, l.gen
	when, kind := l.conn.Deadline()
	if !l.giveBack() {
		r.refresh() // a deadline that has passed is judged by the present time
		r.apply(l, l.takeNotes())
		return false
	}
	if kind != conn.NoDeadline && l.firesAfter(when) {
		lp.post(message{kind: armTimer, link: l, gen: gen, when: when})
	}
	return true
}

// apply acts on what was noted while a worker owned l.
func (r *runner) apply(l *link, bits uint32) {
	if bits&noteIn != 0 {
		l.readable = true
	}
	if bits&noteEnd != 0 {
		l.ended = true
	}
	if bits&noteBroken != 0 {
		l.broken = true
	}
	if bits&noteTimer != 0 {
		r.timer(l)
	}
	if bits&noteDrain != 0 {
		l.conn.Drain(r.now(), r.srv.opts.Close.Hold)
	}
	if bits&noteClose != 0 {
		l.cut = true
		if l.conn.Unsent() {
			out := l.conn.Output()
			l.loop.counters.cuts.unsent.Add(out.Len())
		}
		l.conn.Close(conn.ReasonServer)
	}
	if l.conn.State().Closed() {
		l.cancel(ErrClosed)
	}
}

// timer acts on the timer of a link that a worker owns. Content that has come is
// received first, by whoever waits for it: that it did is progress.
func (r *runner) timer(l *link) {
	if _, kind := l.conn.Deadline(); kind == conn.BodyDeadline && l.detached.Load() == nil && l.cameUnseen(kind) {
		return
	}
	r.look(l)
	l.conn.Expire(r.now())
}

// close ends l's life, and with it the runner's ownership.
func (r *runner) close(l *link, reset bool) {
	lp, v, peer := l.loop, l.verdict, l.peer // the link may be in use again before the end
	if r.loop == nil {
		// From here on nobody touches the socket: see loop.endSocket.
		lp.ending.Lock()
		l.cut = l.word.Swap(owned|gone)&noteClose != 0 || l.cut
		lp.ending.Unlock()
	}
	r.count(l)
	l.dropFile()
	lp.srv.budget.charge(&l.charged, 0)
	lp.counters.moved(l.state, StateIdle)
	lp.counters.ended(&l.conn, l.cut)
	r.srv.hookClosed(l, &l.conn, r.now(), l.cut)
	closeSocket(l, reset)
	if r.loop != nil {
		lp.free(l)
	} else {
		lp.retire(l)
	}
	r.srv.admission.leave(v, peer.AddrPort().Addr())
	r.srv.connectionEnded()
}

// drop cuts a link whose request no handler has been called for.
func (r *runner) drop(l *link) {
	n := &l.loop.counters.cuts
	if l.word.Or(noteClose)&noteClose == 0 {
		n.counted(StateHandling)
	}
	n.dropped.Add(1)
	l.conn.Close(conn.ReasonServer)
	l.conn.Abort(r.now())
	r.turn(l)
}

func closeSocket(l *link, reset bool) {
	if reset {
		sock.CloseReset(int(l.fd))
	} else {
		sock.Close(int(l.fd))
	}
}
