package engine

import (
	"net/netip"
	"sync/atomic"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/poll"
	"github.com/pollard-go/pollard/engine/internal/sock"
	"github.com/pollard-go/pollard/timers"
)

// link joins one socket with the protocol state of its connection.
//
// It is owned by its loop or by one worker, told by word. Only the owner uses
// conn and the plain fields. The loop's goroutine takes all events; those of a
// link that a worker owns are noted in word, and acted on by the worker or, when
// the worker gives the link back, by whoever owns it then.
type link struct {
	word  atomic.Uint32
	fd    int32
	slot  uint32 // where the loop keeps it
	gen   uint32 // tells this connection from those that had the slot before
	loop  *loop
	conn  conn.Conn
	timer timers.Node[link]
	armed atomic.Int64 // when the timer fires, in time since the epoch; 0: not scheduled

	owner    *runner   // the worker that owns it, set before it waits
	file     *sendFile // the rest of an answer
	context  atomic.Pointer[requestContext]
	detached atomic.Pointer[Detached] // owns it, if set, with no goroutine
	charged  int64                    // bytes that the memory budget counts
	serial   uint64                   // counts the connections of the loop
	peer     sock.Addr
	unix     bool
	verdict  verdict
	polled   bool // the poller reports what happens to the socket: see watch
	readable bool // an edge said so, and no read since has found the end of it
	broken   bool // it is reset, which the next read or write will find
	paused   bool // the loop has it in its list of the paused; the loop's, whoever owns the link
	queued   bool // … and in its queue of turns
	state    ConnState
	cut      bool // by the server's end, and counted so
	ended    bool // the peer has ended its side: read on until its end is seen
}

// Bits of link.word.
const (
	owned  uint32 = 1 << iota // by a worker
	parked                    // the worker waits for a note
	gone                      // the worker has closed it
	noteIn
	noteOut
	noteEnd    // the peer has ended its side, or the connection is broken
	noteTimer  // the timer has fired
	noteDrain  // the server is shutting down
	noteClose  // the server closes
	noteBroken // the peer has reset it, or the network has
	notes      = noteIn | noteOut | noteEnd | noteTimer | noteDrain | noteClose | noteBroken
)

// note tells a worker that owns l what has happened. It reports false if none
// does: then l is the loop's.
func (l *link) note(bits uint32) bool {
	_, noted := l.noteWord(bits)
	return noted
}

// noteWord also returns what the word was.
func (l *link) noteWord(bits uint32) (before uint32, noted bool) {
	for {
		w := l.word.Load()
		if w&owned == 0 {
			return w, false
		}
		if !l.word.CompareAndSwap(w, (w|bits)&^parked) {
			continue
		}
		if w&parked != 0 {
			l.owner.wake <- struct{}{}
		} else if d := l.detached.Load(); d != nil {
			d.noted()
		}
		return w, true
	}
}

// takeNotes takes the notes off the word of a link that the caller owns as a worker.
func (l *link) takeNotes() uint32 {
	for {
		w := l.word.Load()
		if w&notes == 0 || l.word.CompareAndSwap(w, w&^notes) {
			return w & notes
		}
	}
}

// giveBack makes l the loop's if nothing has been noted.
func (l *link) giveBack() bool {
	return l.word.CompareAndSwap(owned, 0)
}

// readyNotes translates what the poller reports.
func readyNotes(r poll.Ready) (bits uint32) {
	if r&poll.In != 0 {
		bits |= noteIn
	}
	if r&poll.Out != 0 {
		bits |= noteOut
	}
	if r&(poll.RdHup|poll.Hangup|poll.Error) != 0 {
		bits |= noteEnd | noteIn
	}
	if r&(poll.Hangup|poll.Error) != 0 {
		bits |= noteBroken
	}
	return bits
}

// watch has the poller report what happens to the socket, if it doesn't yet. That
// is asked for only when a connection is left alone, or a handler has left its
// loop: one that ends with its first answer needs no poller. It reports false if
// that is impossible.
func (l *link) watch() bool {
	if l.polled {
		return true
	}
	l.polled = true
	err := l.loop.poller.Add(int(l.fd), l.token(), poll.Edge)
	if err != nil { // logged beside: a handler may hold the log, and wait for the watchdog, which calls this
		go l.loop.srv.opts.Logger.Error("engine: cannot watch connection", "error", err.Error())
	}
	return err == nil
}

// watchOwned is watch for a link that a worker owns, which learns by a note that
// the connection is to end.
func (l *link) watchOwned() {
	if !l.watch() && l.word.Or(noteClose)&noteClose == 0 {
		l.loop.counters.cuts.counted(StateHandling)
	}
}

// token is what the poller calls l by.
func (l *link) token() uint64 { return uint64(l.slot) | uint64(l.gen)<<32 }

// charge has the memory budget count what the connection holds now.
func (l *link) charge() {
	l.loop.srv.budget.charge(&l.charged, int64(l.conn.Buffered()))
}

// dropFile closes a file that will not be sent (any more).
func (l *link) dropFile() {
	if l.file != nil {
		_ = l.file.file.Close()
		l.file = nil
	}
}

// enter makes to the link's state, for the counters and the hook.
func (l *link) enter(to ConnState) {
	if from := l.state; from != to {
		l.state = to
		l.loop.counters.moved(from, to)
		l.loop.srv.hookStateChanged(l, from, to)
	}
}

// workedAt is the state of a link that a worker owns.
func (l *link) workedAt() ConnState {
	if l.detached.Load() != nil {
		return StateDetached
	}
	return StateHandling
}

func (l *link) remote() netip.AddrPort { return l.peer.AddrPort() }
func (l *link) local() netip.AddrPort  { return sock.LocalAddr(int(l.fd)).AddrPort() }

// idLoopShift leaves 52 bits for the number of a loop's connection.
const idLoopShift = 52

// id is unique over the server's life.
func (l *link) id() uint64 { return uint64(l.loop.index)<<idLoopShift | l.serial }
