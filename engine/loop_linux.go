package engine

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/poll"
	"github.com/pollard-go/pollard/engine/internal/sock"
	"github.com/pollard-go/pollard/timers"
)

const (
	eventBatch  = 256                   // events that one poll returns at most
	yieldRounds = 16                    // rounds after which a busy loop yields
	pauseTime   = 10 * time.Millisecond // how long a connection is not read from, at least, for want of memory
	pauseLooks  = 128                   // how many of them look again at a time while it is still short
)

// loop is one event loop: a poller, the links that it watches, and their
// timers. It is no goroutine: it is held by one runner at a time, and all of its
// fields but those under mu are that runner's. The holder can change in the
// middle of a round (see runner.passBaton), so what the round has still to do is
// kept here and not on a stack.
type loop struct {
	srv      *Server
	index    int
	poller   *poll.Poller
	wheel    timers.Wheel[link]
	wakeAt   time.Duration // when the poller returns at the latest; 0: not before an event
	now      time.Duration // read once each time the loop wakes
	counters counters
	load     atomic.Int64 // links in use, or promised to the loop

	events      *poll.Events
	rounds      int
	next, count int // the events of this round that are still to be looked at

	links      linkTable
	listeners  []*listener // watched by this loop; nil where one was
	resting    []*listener // of these, paused until restUntil
	restUntil  time.Duration
	awaits     bool          // a message will come when there is a place: endRest
	serial     uint64        // of the connection that was opened last
	rank       idleRank      // which links are to give way
	longest    atomic.Int64  // no link has been idle since before that, in ns: see relieve
	saidAt     time.Duration // when a rest was last logged
	paused     queue[*link]  // not read from, for want of memory, until pauseUntil
	pauseUntil time.Duration
	turns      queue[*link]   // have more to do, although no event will say so
	taken      queue[message] // from inbox, still to be looked at
	plainAt    time.Duration  // when a request was last answered without a file: see sliceNow

	ending sync.Mutex // held by a worker that closes a socket, and by endSocket

	mu    sync.Mutex
	inbox []message
	over  bool // nobody looks at inbox any more

	draining, closing bool
	drainTold         bool // the server knows that nothing more is accepted

	holder   atomic.Pointer[runner] // nil while it is passed on
	parks    atomic.Uint32          // how often it has found nothing to do, for the watchdog
	seen     sighting               // the watchdog's
	slow     slowness
	handlers pace
}

// message is what other goroutines ask of a loop.
type message struct {
	kind     messageKind
	link     *link
	gen      uint32
	when     time.Duration
	fd       int
	count    int
	peer     sock.Addr
	listener *listener
}

type messageKind uint8

const (
	armTimer   messageKind = iota // of link, for when at the latest
	pauseLink                     // link: its worker gave it back for want of memory
	resume                        // link: its detached answer has ended
	freeLink                      // its worker has closed it
	adopt                         // the new connection fd
	watch                         // listener
	unwatch                       // listener: accept what waits, then end it
	settled                       // listener: nothing more will come
	drain                         // all links
	closeLinks                    // all of them at once
	shedIdle                      // the longest idle, count of them at least
	endRest                       // of listeners: there may be a place
)

func newLoop(s *Server, index int) (*loop, error) {
	p, err := poll.Open()
	if err != nil {
		return nil, err
	}
	lp := &loop{srv: s, index: index, poller: p, events: poll.NewEvents(eventBatch)}
	lp.now = s.clock.now()
	lp.wheel.Init(lp.now)
	return lp, nil
}

// run goes round until the loop has ended or the runner has lost it.
func (lp *loop) run(r *runner) {
	lp.holder.Store(r)
	for lp.round(r) {
		if lp.finish() {
			r.loop = nil
			lp.holder.Store(nil)
			lp.srv.loopEnded(lp)
			return
		}
		lp.wait()
	}
}

// round does what there is to do. It reports false if the runner has lost the
// loop meanwhile; whoever holds it then does the rest.
func (lp *loop) round(r *runner) bool {
	lp.wakeListeners(r)
	for lp.next < lp.count {
		ev := lp.events.At(lp.next)
		lp.next++
		if lp.event(r, ev); r.loop != lp {
			return false
		}
	}
	for lp.takeInbox() {
		if lp.receive(r, lp.taken.pop()); r.loop != lp {
			return false
		}
	}
	for n := lp.wheel.Expire(lp.now); n != nil; n = lp.wheel.Expire(lp.now) {
		if lp.expire(r, n.Owner); r.loop != lp {
			return false
		}
	}
	for n := lp.turns.len(); n > 0 && lp.turns.len() > 0; n-- {
		l := lp.turns.pop()
		l.queued = false
		if l.fd >= 0 && l.word.Load()&owned == 0 {
			if r.turn(l); r.loop != lp {
				return false
			}
		}
	}
	return true
}

// wait parks until there is something to do.
func (lp *loop) wait() {
	var n int
	var err error
	if lp.turns.len() > 0 {
		n, err = lp.poller.Poll(lp.events)
	} else {
		n, err = lp.poller.Wait(lp.events, lp.until())
	}
	if err != nil {
		panic(fmt.Sprintf("engine: loop %d: %v", lp.index, err)) // no event would ever be seen again
	}
	now := lp.srv.clock.now()
	if lp.poller.Waited() {
		lp.parks.Store(lp.parks.Load() + 1)
	} else {
		lp.counters.worked(now - lp.now)
	}
	lp.now = now
	lp.next, lp.count = 0, n
	lp.handlers.fade()
	if lp.srv.watched {
		lp.srv.watchdog.busy()
	}
	lp.wakePaused()
	if lp.rounds++; lp.rounds%yieldRounds == 0 {
		runtime.Gosched() // a busy loop never parks: let other goroutines have their turn
	}
}

// finish tells whether the loop has ended: from then on it takes no message.
func (lp *loop) finish() bool {
	if !lp.closing || lp.links.used > 0 || lp.watching() {
		return false
	}
	lp.mu.Lock()
	defer lp.mu.Unlock()
	lp.over = len(lp.inbox) == 0
	return lp.over
}

// watching tells whether any listener is left.
func (lp *loop) watching() bool {
	for _, ln := range lp.listeners {
		if ln != nil {
			return true
		}
	}
	return false
}

// workersFirst tells whether requests go to workers without a try on the loop.
func (lp *loop) workersFirst() bool {
	switch lp.srv.opts.Dispatch.Mode {
	case ModeInline:
		return false
	case ModeAdaptive:
		return lp.slow.lasts(lp.now)
	}
	return true
}

// until is when the poller is to return at the latest. It is moved only when it
// must come sooner or has passed: to wake once too often is cheaper.
func (lp *loop) until() time.Time {
	next, ok := lp.wheel.NextWake()
	if len(lp.resting) > 0 && (!ok || lp.restUntil < next) {
		next, ok = lp.restUntil, true
	}
	if lp.paused.len() > 0 && (!ok || lp.pauseUntil < next) {
		next, ok = lp.pauseUntil, true
	}
	if ok && (lp.wakeAt == 0 || next < lp.wakeAt || lp.wakeAt <= lp.now) {
		lp.wakeAt = next
	} else if !ok && lp.wakeAt <= lp.now {
		lp.wakeAt = 0
	}
	if lp.wakeAt == 0 {
		return time.Time{}
	}
	return lp.srv.clock.at(lp.wakeAt)
}

// event looks at one event.
func (lp *loop) event(r *runner, ev poll.Event) {
	if ln := lp.listenerOf(ev.Token); ln != nil {
		lp.acceptReported(r, ln)
		return
	}
	l := lp.links.find(ev.Token)
	if l == nil {
		return // of a connection that has ended
	}
	bits := readyNotes(ev.Ready)
	if l.note(bits) {
		l.cancelBy(bits) // after the note: see bindContext
		return
	}
	if bits&noteIn != 0 {
		l.readable = true
	}
	if bits&noteEnd != 0 {
		l.ended = true
	}
	if bits&noteBroken != 0 {
		l.broken = true // for the handlers of requests that came before
	}
	r.turn(l)
}

// expire looks at a link whose timer has fired. Timers are lazy: activity only
// moves the deadline, and here it is looked at.
func (lp *loop) expire(r *runner, l *link) {
	l.armed.Store(0)
	if l.note(noteTimer) {
		return
	}
	when, kind := l.conn.Deadline()
	if l.queued && (kind == conn.IdleDeadline || kind == conn.HoldDeadline) {
		return // the request that it waits for has come, perhaps: its turn tells, and looks at the time
	}
	if lp.now >= when && l.cameUnseen(kind) {
		gen := l.gen
		if r.turn(l); r.loop != lp || l.gen != gen || l.word.Load()&owned != 0 {
			return
		}
	}
	r.look(l)
	if l.conn.Expire(lp.now) {
		r.turn(l)
		return
	}
	lp.arm(l)
}

// cameUnseen tells that what the deadline is for has come, and makes it readable: no
// event has told yet, since a poller tells of so many at a time. A loop that was held
// up is not to be taken for a peer that was silent.
func (l *link) cameUnseen(kind conn.Deadline) bool {
	if kind.OfInput() && l.conn.WantsInput() && sock.Waiting(int(l.fd)) {
		l.readable = true
		return true
	}
	return false
}

// arm has the timer fire not later than the connection's deadline.
func (lp *loop) arm(l *link) {
	if when, kind := l.conn.Deadline(); kind != conn.NoDeadline && l.firesAfter(when) {
		lp.schedule(l, when)
	}
}

func (lp *loop) schedule(l *link, when time.Duration) {
	lp.wheel.Schedule(&l.timer, when)
	l.armed.Store(int64(max(when, 1)))
}

// firesAfter tells that l's timer is not scheduled, or later than when.
func (l *link) firesAfter(when time.Duration) bool {
	armed := time.Duration(l.armed.Load())
	return armed == 0 || when < armed
}

// again gives l another turn when the others have had theirs: one, however often
// it is asked for.
func (lp *loop) again(l *link) {
	if !l.queued {
		l.queued = true
		lp.turns.push(l)
	}
}

// pause leaves l unread for want of memory. Whatever frees some may happen on
// any loop, so it is looked at again before long.
func (lp *loop) pause(l *link) {
	if l.paused {
		return
	}
	l.paused = true
	if lp.paused.len() == 0 {
		lp.pauseUntil = lp.now + pauseTime
	}
	lp.paused.push(l)
}

// wakePaused gives the paused links another turn: all of them when there is memory
// again, until then a few of those that have waited longest, since most would only
// find that they have to go on waiting.
func (lp *loop) wakePaused() {
	n := lp.paused.len()
	if n == 0 || lp.now < lp.pauseUntil {
		return
	}
	if lp.srv.budget.near() {
		n = min(n, pauseLooks)
	}
	for range n {
		l := lp.paused.pop()
		l.paused = false
		lp.again(l)
	}
	lp.pauseUntil = lp.now + pauseTime
}

// post asks something of the loop, from any goroutine. It reports false if the
// loop has ended.
func (lp *loop) post(m message) bool {
	lp.mu.Lock()
	over := lp.over
	if !over {
		lp.inbox = append(lp.inbox, m)
	}
	lp.mu.Unlock()
	if !over {
		lp.poller.Wake()
	}
	return !over
}

// retire gives back a link that its worker has closed. The loop need not wake
// for it.
func (lp *loop) retire(l *link) {
	lp.mu.Lock()
	lp.inbox = append(lp.inbox, message{kind: freeLink, link: l})
	lp.mu.Unlock()
	lp.load.Add(-1)
	if lp.srv.ending.Load() {
		lp.poller.Wake()
	}
}

// takeInbox has the messages in taken. It reports whether there are any.
func (lp *loop) takeInbox() bool {
	if lp.taken.len() > 0 {
		return true
	}
	lp.mu.Lock()
	defer lp.mu.Unlock()
	if len(lp.inbox) == 0 {
		return false
	}
	lp.inbox = lp.taken.swap(lp.inbox)
	return true
}

// receive does what another goroutine has asked for.
func (lp *loop) receive(r *runner, m message) {
	switch m.kind {
	case armTimer:
		if m.link.gen == m.gen && m.link.fd >= 0 && m.link.firesAfter(m.when) {
			lp.schedule(m.link, m.when)
		}
	case pauseLink:
		if m.link.gen == m.gen && m.link.fd >= 0 && m.link.word.Load()&owned == 0 {
			lp.pause(m.link)
		}
	case resume:
		bits := m.link.takeNotes()
		m.link.word.Store(0)
		r.apply(m.link, bits)
		r.turn(m.link)
	case freeLink:
		lp.release(m.link)
	case adopt:
		lp.open(r, m.fd, m.peer, m.listener)
	case watch:
		lp.watch(m.listener)
	case unwatch:
		lp.unwatch(r, m.listener)
	case settled:
		lp.settled(r, m.listener)
	case drain:
		lp.each(r, noteDrain)
		lp.toldToEnd()
	case closeLinks:
		if !lp.closing { // what is opened from here on is closed at once
			lp.closing = true
			lp.each(r, noteClose)
			lp.srv.crew.drop()
			lp.counters.cuts.told.Store(true)
			lp.endSettling()
		}
		lp.toldToEnd()
	case shedIdle:
		lp.relieve(r, m.count)
	case endRest:
		lp.awaits = false
		lp.endRest(r)
	}
}

// each applies what was noted for the whole server to every link.
func (lp *loop) each(r *runner, bits uint32) {
	for slot := range lp.links.len() {
		l := lp.links.at(slot)
		if l.fd < 0 {
			continue
		}
		state := l.workedAt() // before: a Detached acts on it within the call
		if before, noted := l.noteWord(bits); noted {
			if bits == noteClose {
				if before&(gone|noteClose) == 0 {
					lp.counters.cuts.counted(state)
				}
				lp.endSocket(l)
				l.cancel(ErrServerClosed) // after the note: see bindContext
			}
			continue
		}
		if bits == noteClose {
			lp.counters.cuts.counted(stateOf(&l.conn))
		}
		r.apply(l, bits)
		l.readable = true // what has come already is looked at before the end
		lp.again(l)
	}
}

// endSocket resets a connection while its handler goes on: the peer learns of it
// at once, and can't take it for the end of an answer. That of a Unix socket lasts
// until the handler returns. The worker closes the descriptor, which must not have happened before,
// since its number may be another's by then.
func (lp *loop) endSocket(l *link) {
	lp.ending.Lock()
	defer lp.ending.Unlock()
	if l.word.Load()&gone == 0 {
		sock.Disconnect(int(l.fd))
	}
}

// toldToEnd: what is opened from here on is drained.
func (lp *loop) toldToEnd() {
	lp.draining = true
	lp.tellDrained()
}

// cancel ends the context of the request under way, if a handler has asked for it.
func (l *link) cancel(cause error) {
	if c := l.context.Load(); c != nil {
		c.cancel(cause)
	}
}

// cancelBy ends it for what was noted of the peer.
func (l *link) cancelBy(bits uint32) {
	switch {
	case bits&noteBroken != 0:
		l.cancel(ErrPeerReset)
	case bits&noteEnd != 0 && l.loop.srv.opts.Close.HalfClose == HalfCloseCancel:
		l.cancel(ErrPeerEnded)
	}
}

// free ends the use of a link that the loop owns and has closed.
func (lp *loop) free(l *link) {
	lp.load.Add(-1)
	lp.release(l)
}

func (lp *loop) release(l *link) {
	lp.wheel.Cancel(&l.timer)
	lp.links.free(l)
}
