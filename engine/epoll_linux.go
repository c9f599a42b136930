package engine

import "sync/atomic"

// epoll is what a server has of event loops. What is under mu is Server.mu's.
type epoll struct {
	watched     bool // by the watchdog: ModeAdaptive
	crew        crew
	watchdog    watchdog
	loopBuffers bufferPool
	looping     atomic.Int64 // loops that have not ended
	strays      atomic.Int64 // workers whose handler goes on with a connection that it has hijacked

	loops     []*loop     // under mu
	nextLoop  int         // gets the next listener; under mu
	listeners []*listener // under mu
	unwatched []*listener // that loops were told to end; under mu
}

// hasLoops says that there are event loops on this system.
const hasLoops = true

// startLoops is called by start.
func (s *Server) startLoops() error {
	if s.opts.Listen.Transport == TransportNet {
		return nil
	}
	s.loopBuffers.size, s.loopBuffers.debug = loopReceiveBytes, s.opts.Debug
	s.crew.init(s, &s.opts.Dispatch)
	for i := range s.opts.Dispatch.Loops {
		lp, err := newLoop(s, i)
		if err != nil {
			for _, lp := range s.loops {
				_ = lp.poller.Close()
			}
			s.loops, s.books = nil, nil
			return err
		}
		s.loops = append(s.loops, lp)
		s.books = append(s.books, &lp.counters)
	}
	s.running += len(s.loops)
	s.accepting.Add(int64(len(s.loops)))
	s.looping.Store(int64(len(s.loops)))
	if s.watched = s.opts.Dispatch.Mode == ModeAdaptive; s.watched {
		s.watchdog.start(s)
	}
	for _, lp := range s.loops {
		s.crew.start(job{loop: lp})
	}
	return nil
}

// leastLoaded returns the loop with the fewest connections, this one among equals.
func (s *Server) leastLoaded(this *loop) *loop {
	least, load := this, this.load.Load()
	for _, lp := range s.loops {
		if n := lp.load.Load(); n < load {
			least, load = lp, n
		}
	}
	return least
}

// loopEnded is called by the runner that held the loop to its end.
func (s *Server) loopEnded(lp *loop) {
	_ = lp.poller.Close()
	if s.looping.Add(-1) == 0 {
		if s.watched {
			s.watchdog.stop()
		}
		s.crew.close()
	}
	s.partEnded()
}

// endLoops is called by end: it stops listening and tells all loops.
func (s *Server) endLoops(how ending) {
	if how == inOrder {
		for _, ln := range s.listeners { // all before any is closed: see portGroup
			ln.deafen()
		}
	}
	for _, ln := range s.listeners {
		ln.loop.post(message{kind: unwatch, listener: ln})
	}
	s.unwatched = append(s.unwatched, s.listeners...)
	s.listeners = nil
	m := message{kind: drain}
	if how == atOnce {
		m.kind = closeLinks
		s.cutListeners()
	}
	for _, lp := range s.loops {
		lp.post(m)
	}
}

// addCrew adds what the crew knows. Without Hooks.StateChanged nobody else
// counts the requests that were given to it.
func (s *Server) addCrew(st *Stats) {
	workers, serving, queued := s.crew.count()
	st.Workers, st.Queued = int64(workers), int64(queued)
	if s.opts.Hooks.StateChanged == nil {
		st.States[StateHandling] += int64(serving+queued) - s.strays.Load()
	}
}
