package engine

import (
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/poll"
	"github.com/pollard-go/pollard/engine/internal/sock"
	"golang.org/x/sys/unix"
)

const (
	acceptBatch = 64 // connections taken at most before others have their turn
	acceptFull  = 4  // events in a row that a listener has more for, before more are taken at a time

	// unwatchBatches is how many of them a listener that ends is emptied of at
	// most: more than a usual backlog, and not for ever while peers go on.
	unwatchBatches = 256

	// acceptFailures is after how many failures in a row that concern one connection
	// each (accept(2)) a listener rests: a rule of the system's may have all of them
	// fail for ever, and no connection taken from the backlog.
	acceptFailures = 64

	// acceptPause is how long a listener rests when nobody can give way, unless a
	// connection ends before; that it does is logged once in restSayAgain.
	acceptPause  = 100 * time.Millisecond
	restSayAgain = 10 * time.Second
)

// listener is a listening socket that loops accept from.
type listener struct {
	net  net.Listener // whoever gave it holds it too
	path unixFile
	file *os.File // a descriptor of our own
	fd   int
	unix bool
	loop *loop         // the one that watches it
	done chan struct{} // closed when it accepts no more

	polled   bool
	resting  bool // see rest
	settling bool // see listenerend_linux.go
	pace     acceptPace
	failures int // of accept(2) in a row

	exclusive bool // nobody else holds its socket
	deaf      bool // no handshake with it begins; set before the loop is told

	mu            sync.Mutex
	ended, closed bool // its socket, its descriptor
}

// openListener takes over what the loops need of ln, and sets its options.
func (s *Server) openListener(ln net.Listener, exclusive bool) (*listener, error) {
	l := &listener{net: ln, path: fileOf(ln), exclusive: exclusive, done: make(chan struct{})}
	var err error
	switch ln := ln.(type) {
	case *net.TCPListener:
		l.file, err = ln.File()
	case *net.UnixListener:
		l.unix = true
		l.file, err = ln.File()
	default:
		return nil, fmt.Errorf("engine: Serve: a %T has no socket that an event loop can watch: a *net.TCPListener or *net.UnixListener has", ln)
	}
	if err != nil {
		return nil, fmt.Errorf("engine: Serve: %w", err)
	}
	l.fd = int(l.file.Fd())
	if err := unix.SetNonblock(l.fd, true); err != nil {
		_ = l.file.Close()
		return nil, fmt.Errorf("engine: Serve: non-blocking listener: %w", err)
	}
	if !l.unix {
		if err := s.opts.Listen.applyTo(l.fd, &s.given.Listen, exclusive); err != nil {
			_ = l.file.Close()
			return nil, err
		}
	}
	return l, nil
}

// token is what a poller calls the listener by.
func (lp *loop) listenerToken(i int) uint64 { return uint64(i) | uint64(listenerGen)<<32 }

func (lp *loop) listenerOf(token uint64) *listener {
	if uint32(token>>32) != listenerGen {
		return nil
	}
	if i := int(uint32(token)); i < len(lp.listeners) {
		return lp.listeners[i]
	}
	return nil
}

// watch begins to accept from ln.
func (lp *loop) watch(ln *listener) {
	i := slices.Index(lp.listeners, nil)
	if i < 0 {
		i = len(lp.listeners)
		lp.listeners = append(lp.listeners, nil)
	}
	lp.listeners[i] = ln
	lp.addListener(i)
}

func (lp *loop) addListener(i int) {
	ln := lp.listeners[i]
	if err := lp.poller.Add(ln.fd, lp.listenerToken(i), poll.Level); err != nil {
		lp.srv.opts.Logger.Error("engine: cannot watch listener", "address", ln.net.Addr().String(), "error", err.Error())
		lp.endListener(ln)
		return
	}
	ln.polled = true
}

// acceptPace is how many connections are taken for one event of a listener. To
// look for one that isn't there costs nearly as much as to take one, since the
// kernel makes a socket first; and what is left is reported again.
type acceptPace struct {
	most  int // for the next event
	full  int // events in a row after which there may have been more
	round int // of the loop, when the last one came
}

// next is how many the event that came in the round may take.
func (p *acceptPace) next(round int) int {
	if p.most == 0 || round != p.round+1 {
		p.most, p.full = 1, 0 // none was left
	}
	p.round = round
	return p.most
}

// took says what came of it.
func (p *acceptPace) took(n int, more bool) {
	if !more {
		p.most, p.full = max(n, 1), 0
	} else if p.full++; p.full == acceptFull {
		p.most, p.full = min(2*p.most, acceptBatch), 0
	}
}

// acceptReported takes new connections when the poller says that there are some.
func (lp *loop) acceptReported(r *runner, ln *listener) {
	n, more := lp.accept(r, ln, ln.pace.next(lp.rounds))
	ln.pace.took(n, more)
}

// accept takes new connections, and has others give way to them. It reports how
// many, and whether there may be more and the listener doesn't rest.
func (lp *loop) accept(r *runner, ln *listener, most int) (n int, more bool) {
	n, more = lp.acceptSome(r, ln, most)
	if lp.srv.budget.near() {
		lp.relieve(r, n)
	} else {
		lp.relieve(r, 0)
	}
	return n, more
}

// acceptSome takes new connections and returns how many it took.
func (lp *loop) acceptSome(r *runner, ln *listener, most int) (n int, more bool) {
	a := &lp.srv.admission
	for ; n < most; n++ {
		if lp.srv.budget.spent() && !lp.srv.ending.Load() {
			lp.rest(ln, "the memory budget is used up")
			return n, false
		}
		placed := a.take()
		if !placed && n > 0 && (a.soft > 0 || a.refusal == RefuseWait) && !lp.srv.ending.Load() {
			return n, true // nobody gives way, nor rests, for one that may not be there
		}
		if placed = placed || lp.place(r, ln); ln.resting {
			return n, false
		}
		fd, peer, errno := sock.Accept(ln.fd)
		if errno != 0 && placed {
			a.giveUp()
		}
		if errno == 0 || errno == sock.EAGAIN {
			ln.failures = 0
		}
		switch errno {
		case 0:
			lp.accepted(r, fd, peer, ln, placed)
		case sock.EAGAIN:
			return n, false
		case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
			lp.exhausted(r, ln, errno)
			return n, false
		case syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK, syscall.EOPNOTSUPP:
			lp.abandon(ln, errno)
			return n, false
		default: // of one connection, that has ended before it was taken (accept(2))
			if ln.failures++; ln.failures == acceptFailures {
				ln.failures = 0
				lp.rest(ln, errno.Error())
				return n, false
			}
		}
	}
	return n, true
}

// place is called when there is no place for a connection that waits: an idle
// one may give way. If none does and connections are to wait, the listener rests.
func (lp *loop) place(r *runner, ln *listener) bool {
	a := &lp.srv.admission
	if lp.srv.ending.Load() {
		return false
	}
	if a.soft > 0 && lp.relieve(r, 1) > 0 && a.take() {
		return true
	}
	if a.refusal != RefuseWait {
		return false
	}
	for !lp.awaits {
		if lp.awaits = a.await(lp.placeFree); !lp.awaits && a.take() {
			return true
		}
	}
	lp.rest(ln, "as many connections as Limits.Connections allows")
	return false
}

// placeFree is called by whoever has ended a connection: see admission.await.
func (lp *loop) placeFree() { lp.post(message{kind: endRest}) }

// accepted has a connection served, by the loop that has the fewest, or refused.
func (lp *loop) accepted(r *runner, fd int, peer sock.Addr, ln *listener, placed bool) {
	a := &lp.srv.admission
	v := a.judge(placed, peer.AddrPort().Addr())
	if v == verdictWait { // the server is ending: it can't
		a.full.Add(1)
		v = a.refuse()
	}
	if v == verdictReset {
		sock.CloseReset(fd)
		return
	}
	if lp.srv.opts.Listen.QuickAck && !ln.unix {
		sock.QuickAck(fd)
	}
	lp.srv.open.Add(1)
	if v == verdictAnswer {
		lp.load.Add(1)
		lp.openRefused(r, fd, peer, ln)
		return
	}
	target := lp.srv.leastLoaded(lp)
	target.load.Add(1)
	if target == lp || !target.post(message{kind: adopt, fd: fd, peer: peer, listener: ln}) {
		lp.open(r, fd, peer, ln)
	}
}

// abandon gives up a socket that is no listener any more, which would be reported
// again and again. Its Serve returns.
func (lp *loop) abandon(ln *listener, errno syscall.Errno) {
	if !ln.wasCut() && !ln.deaf {
		lp.srv.opts.Logger.Error("engine: accept", "address", ln.net.Addr().String(), "error", errno.Error())
	}
	lp.endListener(ln)
}

// newLink begins the life of a connection on this loop. It returns nil if the
// server closes and the connection has ended. The poller doesn't know it yet: see
// link.polled.
func (lp *loop) newLink(r *runner, fd int, peer sock.Addr, ln *listener, v verdict) *link {
	lp.counters.accepted.Add(1)
	l := lp.links.take(lp)
	l.fd, l.peer, l.unix, l.verdict = int32(fd), peer, ln.unix, v
	lp.serial++
	l.serial = lp.serial
	config := &lp.srv.config
	if v == verdictAnswer {
		config = &lp.srv.refused
	}
	l.conn.Init(config, lp.now)
	if !l.unix {
		l.conn.Acknowledges()
	}
	lp.srv.hookOpened(l)
	if lp.closing {
		l.cut = true
		lp.counters.cuts.counted(StateIdle)
		l.conn.Close(conn.ReasonServer)
		r.turn(l)
		return nil
	}
	return l
}

// open begins the life of a connection that is served. Its request may have come
// already, so it is read from once before it is waited for.
func (lp *loop) open(r *runner, fd int, peer sock.Addr, ln *listener) {
	l := lp.newLink(r, fd, peer, ln, verdictServe)
	if l == nil {
		return
	}
	if lp.draining {
		l.conn.Drain(lp.now, lp.srv.opts.Close.Hold)
	}
	l.readable = true
	lp.again(l)
}

// openRefused has a connection answered that is not served.
func (lp *loop) openRefused(r *runner, fd int, peer sock.Addr, ln *listener) {
	if l := lp.newLink(r, fd, peer, ln, verdictAnswer); l != nil {
		l.conn.Refuse(lp.now, 503, lp.srv.opts.Dispatch.RetryAfter)
		r.turn(l)
	}
}

// exhausted: there are no descriptors (or memory) for the connections that
// wait. The longest idle ones give way; if none of this loop can, the listener
// rests, so that the loop does not spin on it.
func (lp *loop) exhausted(r *runner, ln *listener, errno syscall.Errno) {
	if lp.relieve(r, shedBatch) == 0 {
		lp.rest(ln, errno.Error())
	}
}

// rest leaves connections in the kernel's backlog for a while.
func (lp *loop) rest(ln *listener, why string) {
	lp.restUntil = lp.now + acceptPause
	if ln.resting {
		return
	}
	ln.resting = true
	lp.resting = append(lp.resting, ln)
	if !ln.polled {
		return // it goes on
	}
	ln.polled = false
	lp.poller.Remove(ln.fd)
	lp.srv.admission.rests.Add(1)
	if lp.saidAt == 0 || lp.now-lp.saidAt >= restSayAgain {
		lp.saidAt = max(lp.now, 1)
		lp.srv.opts.Logger.Warn("engine: accept pauses", "error", why, "open", lp.srv.open.Load())
	}
}

// wakeListeners ends the listeners' rest when its time has passed.
func (lp *loop) wakeListeners(r *runner) {
	if len(lp.resting) > 0 && lp.now >= lp.restUntil {
		lp.endRest(r)
	}
}

// endRest has the listeners that rest accept. They are polled again when they
// have nothing more to take at once; those that find that they still can't go on
// resting.
func (lp *loop) endRest(r *runner) {
	resting := lp.resting
	lp.resting = nil
	for _, ln := range resting {
		ln.resting = false
		if slices.Contains(lp.listeners, ln) {
			lp.accept(r, ln, acceptBatch)
		}
		if i := slices.Index(lp.listeners, ln); i >= 0 && !ln.resting {
			lp.addListener(i)
		}
	}
}
