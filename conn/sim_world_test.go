package conn_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/timers"
)

// simSocket is a pair of bounded buffers, and how each side has ended.
type simSocket struct {
	toServer, toPeer      []byte
	receiveSize, sendSize int

	peerEnded   bool // the end follows toServer
	endSeen     bool // the server has been told
	peerReset   bool // broken by the peer
	peerClosed  bool // whatever is sent is answered by a reset
	serverEnded bool // the end follows toPeer
	serverShut  bool // by a shutdown: it lingers, or has
	serverReset bool // toPeer is lost
	closed      bool // by the server
}

// reset is what the peer gets when the server's system wants no more of it.
func (s *simSocket) reset() {
	s.serverReset = true
	s.toPeer = nil
}

func (s *simSocket) peerGone(reset bool) {
	s.peerEnded, s.peerClosed = true, true
	if reset || len(s.toPeer) > 0 {
		s.peerReset = true
		s.toServer = nil
	}
	s.toPeer = nil
}

// simWorld is one connection with its driver, its handlers, its peer and its
// clock, all from one seed.
type simWorld struct {
	seed  uint64
	rng   *rand.Rand
	now   time.Duration
	trace func(line string) // nil: nobody reads it

	cfg     conn.Config
	c       conn.Conn
	wheel   *timers.Wheel[simWorld]
	node    timers.Node[simWorld]
	sock    simSocket
	peer    *simPeer
	handler simHandler
	served  []*simServed
	answers simAnswers

	maxContent int
	scratch    [2][]byte // what is lent to the connection
	lent       int       // how many of them are
	file       []byte    // the unsent rest of the file range
	sendAt     time.Duration
	drainAt    time.Duration // 0: never
	hold       time.Duration // of the drain
	drainedAt  time.Duration // when it was told
	taken      int           // bytes received that were not discarded at once
	owed       int           // requests that had been received whole before the drain
	thrown     int           // bytes received that were
	limit      int           // of requests, as Keep-Alive told it; 0: it did not
	busySince  time.Duration // when output that isn't all sent yet began to be
	busyMoved  int           // how much of it was sent
	busy       bool
	killAt     time.Duration
	partial    bool // sends and receives stop now and then for no reason
	allTimers  bool // no deadline is off

	closedBy     conn.Event // Close or Reset, at the end
	ended        bool
	expired      conn.Deadline // the last deadline that passed
	lastSent     time.Duration
	nextCalls    int // of Next, without progress
	events       int
	told         conn.Reason // the first reason
	drained      bool
	broken       bool // by a reset of the peer
	killed       bool // closed at once by the driver
	lingerExpiry bool
}

func newSimWorld(seed uint64) *simWorld {
	w := &simWorld{seed: seed, rng: rand.New(rand.NewPCG(seed, 0x9E3779B97F4A7C15))}
	w.configure()
	rng := w.rng
	w.sock.receiveSize = 1 << (5 + rng.IntN(12))
	w.sock.sendSize = 1 << (6 + rng.IntN(12))
	w.maxContent = min(w.sock.sendSize*50, 300_000)
	w.peer = newSimPeer(rng, min(w.sock.receiveSize*20, 60_000))
	if w.peer.readPause > 0 {
		w.maxContent = min(w.maxContent, w.peer.readSize*40)
	}
	w.partial = chance(rng, 40)
	if chance(rng, 15) {
		w.drainAt = 1 + time.Duration(rng.IntN(3000))*time.Millisecond
		if chance(rng, 70) {
			w.hold = time.Duration(rng.IntN(1000)) * time.Millisecond
		}
	}
	if chance(rng, 3) {
		w.killAt = 1 + time.Duration(rng.IntN(3000))*time.Millisecond
	}
	for i := range w.scratch {
		w.scratch[i] = make([]byte, 1+rng.IntN(8192))
	}
	w.handler.w = w
	w.answers.method = w.methodOf
	w.answers.content = w.checkContent
	w.wheel = timers.NewWheel[simWorld](0)
	w.node.Owner = w
	return w
}

// configure takes random limits and timeouts, from tight to wide.
func (w *simWorld) configure() {
	rng := w.rng
	cfg := conn.DefaultConfig()
	w.allTimers = true
	timeout := func(most int) time.Duration {
		if chance(rng, 4) {
			w.allTimers = false
			return 0
		}
		return time.Duration(1+rng.IntN(most)) * time.Millisecond
	}
	cfg.IdleTimeout = timeout(5000)
	cfg.HeadTimeout = timeout(4000)
	cfg.BodyTimeout = timeout(4000)
	cfg.WriteTimeout = timeout(4000)
	cfg.LingerIdle = timeout(2000)
	cfg.LingerTotal = timeout(5000)
	cfg.OutputBytes = 1 << (5 + rng.IntN(12))
	cfg.DiscardBytes = int64(rng.IntN(3000))
	if chance(rng, 20) {
		cfg.BodyBytes = int64(1 + rng.IntN(3000))
	}
	if chance(rng, 20) {
		cfg.Transactions = 1 + rng.IntN(5)
	}
	w.configureLife(&cfg)
	if chance(rng, 10) {
		cfg.Head.Head = 100 + rng.IntN(600)
	}
	cfg.KeepAliveField = chance(rng, 30)
	date := []byte("Sun, 06 Nov 1994 08:49:37 GMT")
	cfg.Date = func() []byte { return date }
	w.cfg = cfg
}

type simFailure struct{ text string }

func (w *simWorld) fail(format string, args ...any) {
	panic(simFailure{fmt.Sprintf("at %v, %v: ", w.now, w.c.State()) + fmt.Sprintf(format, args...)})
}

func (w *simWorld) demand(ok bool, format string, args ...any) {
	if !ok {
		w.fail(format, args...)
	}
}

func (w *simWorld) log(format string, args ...any) {
	if w.trace != nil {
		w.trace(fmt.Sprintf("%8v  ", w.now) + fmt.Sprintf(format, args...))
	}
}

// run lives the connection's whole life.
func (w *simWorld) run() {
	w.c.Init(&w.cfg, 0)
	w.log("config: %+v", w.cfg)
	w.turn()
	for !w.ended {
		w.events++
		w.demand(w.events < 100_000, "no end after %d events", w.events)
		when, ok := w.nextWake()
		if !ok {
			w.demand(!w.allTimers, "everybody waits for ever")
			w.peer.resetAt = w.now + 1 // the peer's host dies at last
			continue
		}
		w.now = max(w.now, when)
		w.peer.act(w)
		w.turn()
		w.checkBounds()
	}
	w.finish()
}

// nextWake is when anything can happen next.
func (w *simWorld) nextWake() (when time.Duration, ok bool) {
	consider := func(t time.Duration, yes bool) {
		if yes && (!ok || t < when) {
			when, ok = t, true
		}
	}
	t, yes := w.peer.wakeAt(w)
	consider(t, yes)
	t, yes = w.wheel.NextWake()
	consider(t, yes)
	consider(w.handler.wakeAt, w.handler.running && !w.handler.waits)
	consider(w.sendAt, w.c.Unsent() && (len(w.sock.toPeer) < w.sock.sendSize || w.sock.peerClosed))
	consider(w.sendAt, w.readable())
	consider(w.drainAt, w.drainAt > 0)
	consider(w.killAt, w.killAt > 0)
	return when, ok
}

// readable tells that the socket has something that the connection wants.
func (w *simWorld) readable() bool {
	s := &w.sock
	return s.peerReset || w.c.WantsInput() && (len(s.toServer) > 0 || s.peerEnded && !s.endSeen)
}

// turn is one turn of the driver, as in the package's documentation.
func (w *simWorld) turn() {
	if w.drainAt > 0 && w.now >= w.drainAt {
		w.log("driver: drain")
		w.drained, w.drainedAt, w.drainAt = true, w.now, 0
		w.countOwed()
		w.c.Drain(w.now, w.hold)
	}
	if w.killAt > 0 && w.now >= w.killAt {
		w.log("driver: close")
		w.killAt, w.killed = 0, true
		w.c.Close(conn.ReasonServer)
	}
	w.expire()
	for again := true; again && !w.ended; {
		again = w.receive()
		w.work()
		if w.ended {
			return
		}
		w.checkSpin()
		if chance(w.rng, 90) || w.c.State().Idle() {
			w.release()
		}
		if w.partial && chance(w.rng, 30) {
			w.sendAt = w.now + time.Duration(w.rng.IntN(20))*time.Millisecond
			break
		}
	}
	w.release()
	w.arm()
	w.checkWait()
}

// release ends the loans, and spoils what was lent.
func (w *simWorld) release() {
	w.c.Release()
	w.lent = 0
	for _, b := range w.scratch {
		for i := range b[:min(len(b), 512)] {
			b[i] = 0xEE
		}
	}
	if w.handler.running {
		w.handler.checkHead()
	}
}

// expire is the lazy use of the wheel: a node that fires is only a reason to look.
func (w *simWorld) expire() {
	for n := w.wheel.Expire(w.now); n != nil; n = w.wheel.Expire(w.now) {
		when, kind := w.c.Deadline()
		if w.c.Expire(w.now) {
			w.log("driver: %v deadline has passed", kind)
			w.demand(w.now >= when, "%v deadline %v acts early", kind, when)
			w.expired = kind
			w.nextCalls = 0
			w.checkExpiry(kind)
		}
	}
}

// arm schedules the node if the deadline is sooner than what it waits for.
func (w *simWorld) arm() {
	when, kind := w.c.Deadline()
	if kind == conn.NoDeadline {
		return
	}
	if !w.node.Scheduled() || when < w.node.When() {
		w.wheel.Schedule(&w.node, when)
	}
}

// receive gives the connection what the socket has. It reports whether it did.
func (w *simWorld) receive() (some bool) {
	s := &w.sock
	if s.peerReset {
		s.peerReset = false
		w.log("driver: reset by peer")
		w.broken = true
		w.c.ReceiveReset(w.now)
		return true
	}
	if w.lent == len(w.scratch) {
		w.release()
	}
	for w.lent < len(w.scratch) && w.c.WantsInput() && len(s.toServer) > 0 {
		lent := w.scratch[w.lent]
		n := copy(lent, s.toServer)
		w.lent++
		if w.partial {
			n = 1 + w.rng.IntN(n)
		}
		s.toServer = s.toServer[:copy(s.toServer, s.toServer[n:])]
		w.log("driver: receive %d: %.40q", n, lent[:n])
		if w.c.Deaf() && w.partial {
			w.thrown += n
			w.c.Discarded(w.now, n)
		} else {
			if w.c.Deaf() {
				w.thrown += n
			} else {
				w.taken += n
			}
			w.c.Receive(w.now, lent[:n:n])
		}
		w.nextCalls, some = 0, true
		if chance(w.rng, 70) {
			break // otherwise a second piece is lent before anything is done
		}
	}
	if w.c.WantsInput() && len(s.toServer) == 0 && s.peerEnded && !s.endSeen {
		w.log("driver: receive end")
		s.endSeen = true
		w.c.ReceiveEnd(w.now)
		w.nextCalls, some = 0, true
	}
	return some
}

// work calls Next and does what it says until nothing can be done.
func (w *simWorld) work() {
	for {
		if w.handler.running {
			w.handler.run()
		}
		w.nextCalls++
		w.checkSpin()
		e := w.c.Next(w.now)
		w.log("next: %v, %v", e, w.c.State())
		switch e {
		case conn.Requested:
			w.nextCalls = 0
			w.checkRequested()
			w.handler.start()
		case conn.Confirm:
			w.demand(!w.c.Unsent(), "Confirm with output unsent")
			w.confirm()
		case conn.Shutdown:
			w.demand(!w.c.Unsent() && !w.sock.serverEnded, "Shutdown with output unsent, or twice")
			w.checkSilentEnd()
			w.sock.serverEnded, w.sock.serverShut = true, true
		case conn.Close, conn.Reset:
			w.close(e)
			return
		case conn.Flush:
			w.demand(w.c.Unsent(), "Flush of nothing")
			if !w.send() {
				return
			}
		case conn.NeedInput:
			w.checkNeedInput()
			w.send()
			return
		case conn.Paused:
			w.demand(w.handler.running, "paused without a handler")
			if !w.c.Unsent() || !w.send() || !w.handler.waits {
				return
			}
		}
	}
}

// confirm tells what the peer has not read; or a peer that is no more has reset it.
func (w *simWorld) confirm() {
	if w.sock.peerClosed {
		w.log("driver: reset by peer while confirming")
		w.broken = true
		w.c.ReceiveReset(w.now)
		return
	}
	w.log("driver: %d unacknowledged", len(w.sock.toPeer))
	w.c.Unacknowledged(w.now, int64(len(w.sock.toPeer)))
}

// send sends what there is and room for. It reports whether anything was sent.
func (w *simWorld) send() bool {
	s := &w.sock
	if !w.c.Unsent() || w.sendAt > w.now {
		return false
	}
	if s.peerClosed {
		w.log("driver: reset by peer while sending")
		w.broken = true
		w.c.ReceiveReset(w.now)
		return true
	}
	o := w.c.Output()
	all := append(append(append(append([]byte(nil), o.Head...), o.Body...), w.file[:o.File]...), o.Tail...)
	w.demand(int64(len(all)) == o.Len(), "Output.Len is %d, not %d", o.Len(), len(all))
	n := max(0, min(len(all), s.sendSize-len(s.toPeer)))
	if w.partial && n > 0 && chance(w.rng, 50) {
		n = w.rng.IntN(n + 1)
		w.sendAt = w.now + time.Duration(1+w.rng.IntN(20))*time.Millisecond
	}
	w.log("driver: send %d of %d: %.50q", n, len(all), all[:n])
	w.demand(!s.serverEnded, "output after the end")
	s.toPeer = append(s.toPeer, all[:n]...)
	if fileSent := min(int64(n-len(o.Head)-len(o.Body)), o.File); fileSent > 0 {
		w.file = w.file[fileSent:]
	}
	w.c.Sent(w.now, int64(n))
	w.noteBusy(n)
	if err := w.answers.feed(all[:n]); err != nil {
		w.fail("the peer can't read it: %v", err)
	}
	if n > 0 {
		w.nextCalls, w.lastSent = 0, w.now
	}
	w.checkAnswers()
	return n > 0
}

func (w *simWorld) close(e conn.Event) {
	w.log("driver: %v, reason %v", e, w.c.Reason())
	w.closedBy, w.ended = e, true
	w.demand(w.c.Reason() != conn.ReasonNone, "closed without a reason")
	w.demand(w.c.Next(w.now) == e, "after %v comes something else", e)
	when, kind := w.c.Deadline()
	w.demand(kind == conn.NoDeadline && !w.c.WantsInput() && !w.c.Unsent() && w.c.Buffered() == 0, "closed, but waits: %v %v", when, kind)
	w.wheel.Cancel(&w.node)
	w.sock.closed = true
	if e == conn.Reset || len(w.sock.toServer) > 0 {
		w.sock.reset()
	}
	w.sock.serverEnded = true
}
