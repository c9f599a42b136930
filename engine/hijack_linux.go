package engine

import (
	"net"
	"os"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/sock"
	"golang.org/x/sys/unix"
)

// This file is how a runner lets go of a link whose handler takes its socket.

// socket: see connection. Whoever takes a connection goes on to block on it, so
// the loop is left in any case.
func (r *runner) socket() (net.Conn, error) {
	r.passBaton(r.link)
	fd, err := unix.FcntlInt(uintptr(r.link.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(fd), "hijacked")
	defer f.Close()
	return net.FileConn(f) // a second duplicate; f's blocking mode is restored by it
}

// release: see connection. The loop may use the link again as soon as it has
// been retired, so the handler's state goes elsewhere.
//
// The descriptor is taken from the poller by hand: closing it does that only
// when no duplicate is left.
func (r *runner) release() (state *conn.Conn, left func()) {
	l, lp, v, peer := r.link, r.link.loop, r.link.verdict, r.link.peer
	lp.ending.Lock()
	l.cut = l.word.Swap(owned|gone)&noteClose != 0 || l.cut
	lp.ending.Unlock()
	state = new(conn.Conn)
	*state, l.conn = l.conn, conn.Conn{}
	r.count(l)
	l.dropFile()
	l.context.Store(nil)
	r.srv.budget.charge(&l.charged, 0)
	lp.counters.moved(l.state, StateIdle)
	lp.counters.ended(state, l.cut)
	r.srv.hookStateChanged(l, l.state, StateHijacked)
	r.srv.hookClosed(l, state, r.now(), l.cut)
	lp.poller.Remove(int(l.fd))
	sock.Close(int(l.fd))
	lp.retire(l)
	r.link, r.late = nil, false
	if r.job.link != nil && !r.job.served { // the crew counts it as a request under way
		r.stray = true
		r.srv.strays.Add(1)
	}
	places := &r.srv.admission // not by r, which may go long before
	return state, func() { places.leave(v, peer.AddrPort().Addr()) }
}

// strayed is called when a handler has ended that may have hijacked.
func (r *runner) strayed() {
	if r.stray {
		r.stray = false
		r.srv.strays.Add(-1)
	}
}
