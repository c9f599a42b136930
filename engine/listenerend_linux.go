package engine

import (
	"net"
	"slices"

	"github.com/pollard-go/pollard/engine/internal/sock"
	"golang.org/x/sys/unix"
)

// deafen is called when the server begins to end in order, by any goroutine.
func (ln *listener) deafen() {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	switch {
	case ln.ended || !ln.exclusive:
	case ln.unix:
		ln.deaf = sock.DeafenUnix(ln.fd) == 0
	default:
		ln.deaf = ln.loop.srv.turnAway(ln.fd)
	}
}

// unwatch takes the connections that the kernel has already established, which
// closing the socket would reset, and ends the listener, at once or when it has
// settled. A Unix socket knows no handshake.
func (lp *loop) unwatch(r *runner, ln *listener) {
	if !slices.Contains(lp.listeners, ln) {
		return
	}
	lp.acceptRest(r, ln)
	if ln.deaf && !ln.unix && !lp.closing && slices.Contains(lp.listeners, ln) {
		ln.settling = true
		go func() {
			lp.srv.settle(ln.net, ln.isDone)
			lp.post(message{kind: settled, listener: ln})
		}()
		return
	}
	lp.endListener(ln)
}

// isDone tells whether it accepts no more.
func (ln *listener) isDone() bool {
	select {
	case <-ln.done:
		return true
	default:
		return false
	}
}

// settled ends a listener that has settled.
func (lp *loop) settled(r *runner, ln *listener) {
	if slices.Contains(lp.listeners, ln) {
		lp.acceptRest(r, ln)
		lp.endListener(ln)
	}
}

// acceptRest takes what is established.
func (lp *loop) acceptRest(r *runner, ln *listener) {
	if ln.resting {
		ln.resting = false
		lp.resting = slices.DeleteFunc(lp.resting, func(l *listener) bool { return l == ln })
	}
	for n, more := 0, true; n < unwatchBatches && more; n++ {
		_, more = lp.accept(r, ln, acceptBatch)
	}
}

// endListener closes a listener, unless that has been done.
func (lp *loop) endListener(ln *listener) {
	i := slices.Index(lp.listeners, ln)
	if i < 0 {
		return
	}
	lp.poller.Remove(ln.fd)
	lp.listeners[i] = nil
	lp.srv.portGroup.leave(ln.fd)
	ln.close()
	ln.settling = false
	lp.tellDrained()
}

// endSettling ends at once those that settle.
func (lp *loop) endSettling() {
	for _, ln := range lp.listeners {
		if ln != nil && ln.settling {
			lp.endListener(ln)
		}
	}
}

// tellDrained tells the server, once, that this loop accepts no more.
func (lp *loop) tellDrained() {
	settles := func(ln *listener) bool { return ln != nil && ln.settling }
	if lp.draining && !lp.drainTold && !slices.ContainsFunc(lp.listeners, settles) {
		lp.drainTold = true
		lp.srv.partDrains()
	}
}

// deafen is what an acceptor does, where it can.
func (s *Server) deafen(ln net.Listener) (deaf bool) {
	if u, ok := ln.(*net.UnixListener); ok {
		if raw, err := u.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) { deaf = sock.DeafenUnix(int(fd)) == 0 })
		}
		return deaf
	}
	onSocket(ln, func(fd int) { deaf = s.turnAway(fd) })
	return deaf
}

// handshake is one that has begun.
type handshake = sock.Handshake

// handshakes are those of a listener's port that are under way.
func handshakes(ln net.Listener) map[handshake]struct{} {
	a, ok := ln.Addr().(*net.TCPAddr)
	if !ok {
		return nil
	}
	all := map[handshake]struct{}{}
	add := func(h handshake) { all[h] = struct{}{} }
	sock.Handshakes(unix.AF_INET, uint16(a.Port), add)
	if a.IP.To4() == nil {
		sock.Handshakes(unix.AF_INET6, uint16(a.Port), add)
	}
	return all
}
