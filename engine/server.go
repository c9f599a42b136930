package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/pollard-go/pollard/conn"
)

// Server answers HTTP/1.1 on the listeners that it is given. It is made by New
// and can be served once: after Shutdown or Close it stays closed.
type Server struct {
	handler  Handler
	opts     Options // resolved by start
	given    Options
	config   conn.Config
	watched  bool // by the watchdog: ModeAdaptive
	clock    clock
	crew     crew
	budget   budget
	watchdog watchdog

	loopBuffers, workerBuffers bufferPool

	open      atomic.Int64 // connections, accepted and not closed
	ending    atomic.Bool  // Shutdown or Close has been called
	accepting atomic.Int64 // loops that have not been told so

	mu        sync.Mutex
	started   bool
	startErr  error
	closed    bool
	loops     []*loop
	running   int // loops that have not ended
	nextLoop  int // gets the next listener
	listeners []*listener
	once      sync.Once
	empty     chan struct{} // closed when nothing is accepted and no connection is open
	stopped   chan struct{} // closed when all loops have ended
}

// New returns a server that has h answer. The options are checked when it
// starts. It panics if h is nil.
func New(h Handler, o Options) *Server {
	if h == nil {
		panic("engine: New with a nil Handler")
	}
	if in, ok := h.(inlineHandler); ok {
		h, o.Dispatch.Mode = in.Handler, ModeInline
	}
	return &Server{handler: h, given: o, empty: make(chan struct{}), stopped: make(chan struct{})}
}

// start begins to run the loops, once.
func (s *Server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrServerClosed
	case s.started:
		return s.startErr
	}
	s.started = true
	s.opts, s.startErr = s.given.resolved()
	if s.startErr != nil {
		return s.startErr
	}
	s.clock.start()
	s.config = s.opts.config(s.clock.text)
	s.loopBuffers.size, s.workerBuffers.size = loopReceiveBytes, workerReceiveBytes
	s.budget.init(s.opts.Limits.MemoryBytes)
	s.loopBuffers.debug, s.workerBuffers.debug = s.opts.Debug, s.opts.Debug
	s.crew.init(s, &s.opts.Dispatch)
	s.startErr = s.startLoops()
	return s.startErr
}

func (s *Server) startLoops() error {
	for i := range s.opts.Dispatch.Loops {
		lp, err := newLoop(s, i)
		if err != nil {
			for _, lp := range s.loops {
				_ = lp.poller.Close()
			}
			s.loops = nil
			return err
		}
		s.loops = append(s.loops, lp)
	}
	s.running = len(s.loops)
	s.accepting.Store(int64(len(s.loops)))
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

// connectionEnded is called after each connection's end.
func (s *Server) connectionEnded() {
	if s.open.Add(-1) == 0 && s.accepting.Load() == 0 {
		s.announceEmpty()
	}
}

// loopDrains is called once by each loop when it has been told to end.
func (s *Server) loopDrains() {
	if s.accepting.Add(-1) == 0 && s.open.Load() == 0 {
		s.announceEmpty()
	}
}

func (s *Server) announceEmpty() { s.once.Do(func() { close(s.empty) }) }

// loopEnded is called by the runner that held the loop to its end.
func (s *Server) loopEnded(lp *loop) {
	_ = lp.poller.Close()
	s.mu.Lock()
	s.running--
	last := s.running == 0
	s.mu.Unlock()
	if last {
		if s.watched {
			s.watchdog.stop()
		}
		s.crew.close()
		close(s.stopped)
	}
}

// Shutdown ends the server in order: it stops listening, after it has taken the
// connections that the kernel had established; requests that have been received
// are answered, and the last answer of each connection says "Connection: close";
// idle connections are ended when no request has come for Close.Hold; and each
// connection lingers until its peer has read the last answer. It returns
// nil when all have ended. If ctx ends before, the rest is closed at once and
// its error returned. It does not wait for handlers that go on after their
// connection was closed.
//
// It may be called more than once and by several goroutines, but not by a
// handler, which it would wait for.
func (s *Server) Shutdown(ctx context.Context) error {
	if !s.end(message{kind: drain}) {
		return nil
	}
	var err error
	select {
	case <-s.empty:
	case <-ctx.Done():
		err = ctx.Err()
	}
	err = errors.Join(err, s.Close())
	if err == nil {
		<-s.stopped
	}
	return err
}

// Close ends the server at once: listeners and connections are closed, answers
// that are under way are cut. It waits for no handler and can be called by one.
// It may be called more than once.
func (s *Server) Close() error {
	s.end(message{kind: closeLinks})
	return nil
}

// end stops listening and tells all loops. It reports false if the server never
// ran.
func (s *Server) end(m message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.ending.Store(true)
	if len(s.loops) == 0 {
		return false
	}
	for _, ln := range s.listeners {
		ln.loop.post(message{kind: unwatch, listener: ln})
	}
	s.listeners = nil
	for _, lp := range s.loops {
		lp.post(m)
	}
	return true
}

// Stats returns the server's counters. Each is exact, but they are not all of
// the same moment.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	loops := s.loops
	s.mu.Unlock()
	var st Stats
	for _, lp := range loops {
		lp.counters.addTo(&st)
	}
	st.Buffered, st.Pauses = s.budget.used.Load(), s.budget.pauses.Load()
	if len(loops) > 0 {
		workers, queued := s.crew.count()
		st.Workers, st.Queued = int64(workers), int64(queued)
	}
	return st
}
