package engine

import (
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/poll"
	"github.com/pollard-go/pollard/engine/internal/sock"
	"golang.org/x/sys/unix"
)

const (
	acceptBatch = 64 // connections taken at most before others have their turn

	// unwatchBatches is how many of them a listener that ends is emptied of at
	// most: more than a usual backlog, and not for ever while peers go on.
	unwatchBatches = 256

	// shedMinIdle is how long a connection must have been idle to give way when
	// descriptors run out; shedBatch is how many do at once.
	shedMinIdle = time.Second
	shedBatch   = 64

	// acceptPause is how long a listener rests when nobody can give way; that it
	// does is logged once in restSayAgain.
	acceptPause  = 100 * time.Millisecond
	restSayAgain = 10 * time.Second
)

// listener is a listening socket that loops accept from.
type listener struct {
	net  net.Listener // whoever gave it holds it too
	file *os.File     // a descriptor of our own
	fd   int
	unix bool
	loop *loop         // the one that watches it
	done chan struct{} // closed when it accepts no more
}

// openListener takes over what the loops need of ln.
func openListener(ln net.Listener) (*listener, error) {
	l := &listener{net: ln, done: make(chan struct{})}
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
		// Accepted sockets inherit it. Answers leave in one piece, so there is
		// nothing that Nagle's algorithm could gather.
		_ = unix.SetsockoptInt(l.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	return l, nil
}

// close ends both descriptors of the socket.
func (ln *listener) close() {
	_ = ln.file.Close()
	_ = ln.net.Close()
	close(ln.done)
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
		lp.listeners[i] = nil
		ln.close()
	}
}

// unwatch takes the connections that the kernel has already established, which
// closing the socket would reset, and ends the listener.
func (lp *loop) unwatch(r *runner, ln *listener) {
	i := slices.Index(lp.listeners, ln)
	if i < 0 {
		return
	}
	for n := 0; n < unwatchBatches && lp.acceptSome(r, ln); n++ {
	}
	if lp.listeners[i] == ln { // it has not been abandoned meanwhile
		lp.poller.Remove(ln.fd)
		lp.listeners[i] = nil
		ln.close()
	}
}

// accept takes new connections. What remains is reported again.
func (lp *loop) accept(r *runner, ln *listener) { lp.acceptSome(r, ln) }

// acceptSome reports whether there may be more.
func (lp *loop) acceptSome(r *runner, ln *listener) bool {
	for range acceptBatch {
		if lp.srv.budget.spent() && !lp.srv.ending.Load() {
			lp.rest(ln, "the memory budget is used up")
			return false
		}
		fd, peer, errno := sock.Accept(ln.fd)
		switch errno {
		case 0:
		case sock.EAGAIN:
			return false
		case syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM:
			lp.exhausted(r, ln, errno)
			return false
		case syscall.EBADF, syscall.EINVAL, syscall.ENOTSOCK, syscall.EOPNOTSUPP:
			lp.abandon(ln, errno)
			return false
		default: // of one connection, that has ended before it was taken (accept(2))
			continue
		}
		lp.srv.open.Add(1)
		target := lp.srv.leastLoaded(lp)
		target.load.Add(1)
		if target == lp || !target.post(message{kind: adopt, fd: fd, peer: peer, listener: ln}) {
			lp.open(r, fd, peer, ln)
		}
	}
	return true
}

// abandon gives up a socket that is no listener any more, which would be reported
// again and again. Its Serve returns.
func (lp *loop) abandon(ln *listener, errno syscall.Errno) {
	lp.srv.opts.Logger.Error("engine: accept", "address", ln.net.Addr().String(), "error", errno.Error())
	if i := slices.Index(lp.listeners, ln); i >= 0 {
		lp.poller.Remove(ln.fd)
		lp.listeners[i] = nil
		ln.close()
	}
}

// open begins the life of a connection on this loop.
func (lp *loop) open(r *runner, fd int, peer sock.Addr, ln *listener) {
	lp.counters.accepted.Add(1)
	l := lp.links.take(lp)
	l.fd, l.peer, l.unix = int32(fd), peer, ln.unix
	l.conn.Init(&lp.srv.config, lp.now)
	if err := lp.poller.Add(fd, l.token(), poll.Edge); err != nil {
		lp.srv.opts.Logger.Error("engine: cannot watch connection", "error", err.Error())
		l.conn.Close(conn.ReasonServer)
		r.turn(l)
		return
	}
	switch {
	case lp.closing:
		l.conn.Close(conn.ReasonServer)
		r.turn(l)
		return
	case lp.draining:
		l.conn.Drain(lp.now, lp.srv.opts.Close.Hold)
		l.readable = true
		r.turn(l)
		return
	}
	lp.arm(l)
}

// exhausted: there are no descriptors (or memory) for the connections that
// wait. The longest idle ones give way; if none can, the listener rests, so
// that the loop does not spin on it.
func (lp *loop) exhausted(r *runner, ln *listener, errno syscall.Errno) {
	for _, other := range lp.srv.loops {
		if other != lp {
			other.post(message{kind: shedIdle})
		}
	}
	if lp.shed(r) > 0 {
		return
	}
	lp.rest(ln, errno.Error())
}

// rest leaves connections in the kernel's backlog for a while.
func (lp *loop) rest(ln *listener, why string) {
	lp.poller.Remove(ln.fd)
	if lp.saidAt == 0 || lp.now-lp.saidAt >= restSayAgain {
		lp.saidAt = max(lp.now, 1)
		lp.srv.opts.Logger.Warn("engine: accept pauses", "error", why, "open", lp.srv.open.Load())
	}
	lp.restUntil = lp.now + acceptPause
	lp.resting = append(lp.resting, ln)
}

// wakeListeners ends the listeners' rest.
func (lp *loop) wakeListeners() {
	if len(lp.resting) == 0 || lp.now < lp.restUntil {
		return
	}
	for _, ln := range lp.resting {
		if i := slices.Index(lp.listeners, ln); i >= 0 {
			lp.addListener(i)
		}
	}
	lp.resting, lp.restUntil = lp.resting[:0], 0
}

// shed closes the connections that have been idle longest and returns how many.
func (lp *loop) shed(r *runner) int {
	var idle []*link
	for slot := range lp.links.len() {
		l := lp.links.at(slot)
		if l.fd >= 0 && l.word.Load()&owned == 0 && l.conn.Resting() && lp.now-l.conn.Since() >= shedMinIdle {
			idle = append(idle, l)
		}
	}
	slices.SortFunc(idle, func(a, b *link) int { return int(a.conn.Since() - b.conn.Since()) })
	idle = idle[:min(len(idle), shedBatch)]
	for _, l := range idle {
		l.conn.Close(conn.ReasonShed)
		r.turn(l)
	}
	return len(idle)
}
