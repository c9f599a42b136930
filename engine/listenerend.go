package engine

import (
	"net"
	"time"
)

// What is established when a listening socket is closed, and not accepted, is reset
// by the kernel, and so are handshakes that have begun. So a socket that is ours
// alone ends in three steps, where the system has them:
//
//	deafened  no handshake begins: who connects is refused, as after the end
//	settling  handshakes that have begun end, and what they bring is accepted
//	closed    when there are none, or after settleMost or settleDeferred
//
// In a SO_REUSEPORT group that others have joined they are steered to those in place
// of being refused: see portGroup.
//
// One that somebody else may hold is emptied and closed: deafness is of the socket,
// and could not be taken back.

const (
	// settleMost is how long handshakes are waited for, if Close.Hold is not
	// shorter. They take a round trip, or for ever if the peer has gone.
	settleMost = time.Second
	// settleDeferred is how long they are waited for if connections are left in the
	// kernel: those that are silent show themselves after a second.
	settleDeferred = 1250 * time.Millisecond
	// settleFirst is when it is looked first: a SYN that came just before may still
	// be in the hands of another processor. settleAgain is the time after that.
	settleFirst = time.Millisecond
	settleAgain = 5 * time.Millisecond
)

// settle waits until the handshakes of a deafened listener have ended, or over
// tells that they don't matter. One whose connections are steered to others of its
// group is deafened only then, and settles once more: some may have come to it all
// the same.
func (s *Server) settle(ln net.Listener, over func() bool) {
	s.awaitHandshakes(ln, over)
	if s.deafenShared(ln) {
		s.awaitHandshakes(ln, over)
	}
}

// awaitHandshakes waits for those that are under way now. Others may begin
// meanwhile: with another socket of the group.
func (s *Server) awaitHandshakes(ln net.Listener, over func() bool) {
	most := min(settleMost, max(0, s.opts.Close.Hold))
	if most > 0 && s.opts.Listen.DeferAccept > 0 {
		most = max(most, settleDeferred)
	}
	began := time.Now()
	time.Sleep(settleFirst)
	for known := handshakes(ln); ; {
		s.turnsAway(ln)
		if len(known) == 0 || time.Since(began) >= most || over() {
			return
		}
		time.Sleep(settleAgain)
		now := handshakes(ln)
		for h := range known {
			if _, still := now[h]; !still {
				delete(known, h)
			}
		}
	}
}
