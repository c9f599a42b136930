package engine

import (
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// This file is how the longest idle streams give way: see pressure_linux.go for
// those of event loops.

const (
	// Streams that give way are taken from a list, which is made anew when it is
	// used up, but not sooner than this: to look at all streams is paid for by so
	// many that give way.
	streamRankAgain = 100 * time.Millisecond
	streamRankMost  = 1024

	// streamShedBatch is how many end at once when descriptors have run out.
	streamShedBatch = 64
)

// rested is when a stream began to be idle, as others may look at it: 0 while it
// isn't, otherwise the time and 1.
type rested struct{ atomic.Int64 }

// streamRank lists idle streams, the longest idle first, as they were at some
// moment. Whichever has been at work since then is younger than all that have not.
type streamRank struct {
	entries []aged[*stream] // since as rested has it
	made    time.Duration   // when
}

// shed has the streams that have been idle longest end, if so many have been for
// long enough, and returns how many were told. They end soon, but not at once.
func (s *Server) shedStreams(most int) (told int) {
	st := &s.streams
	now := s.clock.now()
	var all []*stream
	st.mu.Lock()
	if len(st.rank.entries) == 0 && (st.rank.made == 0 || now-st.rank.made >= streamRankAgain) {
		st.rankIdle(now, s.opts.Limits.ShedMinIdle)
	}
	for len(all) < most && len(st.rank.entries) > 0 {
		e := st.rank.entries[0]
		st.rank.entries[0].of = nil
		st.rank.entries = st.rank.entries[1:]
		if time.Duration(e.of.rested.Load()) == e.since {
			all = append(all, e.of)
		}
	}
	st.mu.Unlock()
	for _, c := range all {
		c.tell(streamShed)
	}
	return len(all)
}

// rankIdle makes a new list. The caller holds mu.
func (st *streams) rankIdle(now, least time.Duration) {
	found := oldest[*stream]{room: streamRankMost}
	for c := st.first; c != nil; c = c.next {
		if since := c.rested.Load(); since > 0 && now-time.Duration(since-1) >= least {
			found.show(time.Duration(since), c)
		}
	}
	st.rank = streamRank{entries: found.inOrder(), made: max(now, 1)}
}

// rests tells others whether, and since when, the stream is idle.
func (s *stream) rests() {
	since := int64(0)
	if s.c.Resting() {
		since = int64(s.c.Since()) + 1
	}
	s.rested.Store(since)
}

// giveWay ends the stream if it is idle still, and nothing has come.
func (s *stream) giveWay() {
	s.look()
	s.rests()
	if s.c.Resting() && s.at-s.c.Since() >= s.srv.opts.Limits.ShedMinIdle {
		s.c.Close(conn.ReasonShed)
	}
}

// relieve has one idle stream give way for each that came while there are more
// than the soft limit, or the memory budget nears its end.
func (a *acceptor) relieve() {
	if s := a.srv; s.admission.crowded() || s.budget.near() {
		s.shedStreams(1)
	}
}
