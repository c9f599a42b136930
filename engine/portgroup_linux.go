package engine

import (
	"net"
	"sync"

	"github.com/pollard-go/pollard/engine/internal/sock"
)

// portGroup is what a server has in SO_REUSEPORT groups. The kernel chooses among
// the sockets of a group without asking whether the one it chooses is deaf, and
// loses the SYN if it is: its peer tries again after a second. So where a
// successor, or another server beside this one, has joined the group, sockets that
// end are not deafened: a program of the group's gives new connections to the
// others, until the last of ours is closed.
type portGroup struct {
	mu   sync.Mutex
	ours map[uint32]*portShare // by inode
}

// portShare is where connections were steered to when it was last looked, by place
// in the group. The kernel doesn't tell the places, but the order of joining: ours
// have the first ones if they are the oldest, which is so when servers succeed each
// other, and one has gone before the next but one comes. If the next but one came
// earlier, ours get some connections until they are closed.
type portShare struct{ first, end int }

// join notes a socket of ours that begins to accept.
func (g *portGroup) join(fd int) {
	if !sock.SharesPort(fd) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ours == nil {
		g.ours = map[uint32]*portShare{}
	}
	g.ours[sock.Inode(fd)] = &portShare{}
}

// shares tells whether the socket is in a group.
func (g *portGroup) shares(fd int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ours[sock.Inode(fd)] != nil
}

// steers tells whether the socket's connections are steered to others.
func (g *portGroup) steers(fd int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	share := g.ours[sock.Inode(fd)]
	return share != nil && share.end != 0
}

// avoid has new connections given to others in the group. It reports false if
// there are none, or if one of them is older, as where servers stand beside each
// other and this one alone ends: then nobody knows which places are whose, and to
// be refused is better than to come to a socket that is about to be closed.
func (g *portGroup) avoid(fd int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	share := g.ours[sock.Inode(fd)]
	if share == nil {
		return false
	}
	ours, others, oldest := g.count(fd)
	if others == 0 || !oldest && share.end == 0 {
		return false
	}
	if share.end == 0 {
		share.first = ours
	}
	if end := ours + others; share.end != end {
		share.end = end
		_ = sock.SteerTo(fd, share.first, end)
	}
	return true
}

// leave is called before a socket of ours is closed.
func (g *portGroup) leave(fd int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	inode := sock.Inode(fd)
	share := g.ours[inode]
	delete(g.ours, inode)
	if share == nil || share.end == 0 {
		return
	}
	ours, others, _ := g.count(fd) // this one is among the others now
	if ours == 0 {
		_ = sock.Unsteer(fd)
		return
	}
	// The last of the group, which are others', take the places of ours one by one.
	_ = sock.SteerTo(fd, share.first, max(share.first+1, others))
}

// count tells how many listen at the socket's address, of ours and of others, and
// whether ours came before all others.
func (g *portGroup) count(fd int) (ours, others int, oldest bool) {
	oldest = true
	sock.ListenersAt(fd, func(inode uint32) {
		if g.ours[inode] != nil {
			ours++
			oldest = oldest && others == 0
		} else {
			others++
		}
	})
	return ours, others, oldest
}

// turnAway has new connections with a socket of ours alone refused, or given to
// others of its group.
func (s *Server) turnAway(fd int) bool { return s.portGroup.avoid(fd) || sock.Deafen(fd) == 0 }

// turnsAway looks again: others may have joined the group, or left it.
func (s *Server) turnsAway(ln net.Listener) {
	onSocket(ln, func(fd int) {
		if s.portGroup.shares(fd) {
			s.turnAway(fd)
		}
	})
}

// deafenShared deafens a socket whose connections are steered to others, and reports
// false if they aren't.
func (s *Server) deafenShared(ln net.Listener) (steered bool) {
	onSocket(ln, func(fd int) {
		if steered = s.portGroup.steers(fd); steered {
			_ = sock.Deafen(fd)
		}
	})
	return steered
}

// joinGroup and leaveGroup are for listeners that loops don't watch.
func (s *Server) joinGroup(ln net.Listener) { onSocket(ln, s.portGroup.join) }

func (s *Server) leaveGroup(ln net.Listener) { onSocket(ln, s.portGroup.leave) }

// onSocket calls f with the descriptor of a TCP listener.
func onSocket(ln net.Listener, f func(fd int)) {
	t, ok := ln.(*net.TCPListener)
	if !ok {
		return
	}
	if raw, err := t.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { f(int(fd)) })
	}
}
