package engine

import (
	"math"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/sock"
)

// This file is how the longest idle connections give way when there are too
// many, when descriptors run out, and when the memory budget nears its end.

const (
	// shedBatch is how many connections of a loop end before others have their turn.
	shedBatch = 64

	// shedTolerance is how much younger than the longest idle connection of another
	// loop one may be and still go first: to ask that loop costs a wake-up.
	shedTolerance = 100 * time.Millisecond

	// rankAgain is how long a rank stands at least that held every idle link.
	rankAgain = 100 * time.Millisecond

	// A rank holds that many links, or that share of them: to look at all of them
	// is paid for by so many that give way.
	rankLeast = 1024
	rankShare = 8
)

// idleRank is a list of a loop's idle links, the longest idle first, as it was at
// some moment. It stays true: whichever has served a request since then, or begun
// to be idle, is younger than all that have not. So to find the longest idle
// one costs a look at the list's front, and a new list only when that is used up.
type idleRank struct {
	entries []aged[idleLink] // what is left of it
	floor   time.Duration
	// No link outside of entries has been idle since before floor.
}

type idleLink struct{ slot, gen uint32 }

// longestIdle returns the link that has been idle longest, and since when. nil
// with a time says that none has been idle since before.
func (lp *loop) longestIdle() (*link, time.Duration) {
	k := &lp.rank
	for {
		for ; len(k.entries) > 0; k.entries = k.entries[1:] {
			e := &k.entries[0]
			if l := lp.links.at(int(e.of.slot)); l.gen == e.of.gen && l.sheddable() && l.conn.Since() == e.since {
				return l, e.since
			}
		}
		again := max(lp.srv.opts.Limits.ShedMinIdle, rankAgain)
		if k.floor > 0 && lp.now-k.floor < again {
			return nil, k.floor
		}
		lp.rankIdle()
	}
}

// rankIdle makes a new list.
func (lp *loop) rankIdle() {
	k := &lp.rank
	k.entries, k.floor = nil, max(lp.now, 1)
	if lp.links.used == 0 {
		return
	}
	room := min(max(rankLeast, lp.links.used/rankShare), lp.links.used)
	found := oldest[idleLink]{room: room, kept: make([]aged[idleLink], 0, room)}
	for slot := range lp.links.len() {
		if l := lp.links.at(slot); l.sheddable() {
			found.show(l.conn.Since(), idleLink{l.slot, l.gen})
		}
	}
	if found.full() && room < lp.links.used {
		k.floor = max(found.youngest(), 1)
	}
	k.entries = found.inOrder()
}

// sheddable tells that nothing is under way on l, as far as is known.
func (l *link) sheddable() bool {
	return l.fd >= 0 && l.word.Load()&owned == 0 && !l.readable && l.conn.Resting()
}

// relieve ends the connections that have been idle longest, owed of them and as
// many more as are above the soft limit, if they have been so for long enough. It
// returns how many of this loop have ended. If another loop has one that has been
// idle for longer it is asked instead, and asks on.
func (lp *loop) relieve(r *runner, owed int) (shed int) {
	minIdle := lp.srv.opts.Limits.ShedMinIdle
	for owed > 0 || lp.srv.admission.crowded() {
		if shed == shedBatch {
			lp.post(message{kind: shedIdle, count: owed})
			return shed
		}
		l, since := lp.longestIdle()
		lp.longest.Store(int64(since))
		other, before := lp.srv.longerIdle(lp)
		switch {
		case lp.now-min(since, before) < minIdle:
			return shed
		case before < since-shedTolerance:
			other.post(message{kind: shedIdle, count: owed})
			return shed
		case l == nil || lp.now-since < minIdle:
			return shed
		}
		lp.rank.entries = lp.rank.entries[1:]
		if sock.Waiting(int(l.fd)) {
			continue // a request has come that was not looked at yet
		}
		l.conn.Close(conn.ReasonShed)
		r.turn(l)
		owed--
		shed++
	}
	return shed
}

// longerIdle returns which loop but this one may have the link that has been
// idle longest, and since when at the earliest.
func (s *Server) longerIdle(this *loop) (other *loop, since time.Duration) {
	since = math.MaxInt64
	for _, lp := range s.loops {
		if n := time.Duration(lp.longest.Load()); lp != this && n < since {
			other, since = lp, n
		}
	}
	return other, since
}
