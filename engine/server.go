package engine

import (
	"sync"
	"sync/atomic"

	"github.com/pollard-go/pollard/conn"
)

// Server answers HTTP/1.1 on the listeners that it is given. It is made by New
// and can be served once: after Shutdown or Close it stays closed.
type Server struct {
	handler Handler
	opts    Options // resolved by start
	given   Options
	config  conn.Config
	refused conn.Config // of connections that are only told that they are
	timed   bool        // when a handler was called is of interest
	clock   clock
	budget  budget

	admission admission

	workerBuffers bufferPool

	epoll   // what runs event loops, where there are any
	streams streams

	portGroup portGroup

	open      atomic.Int64 // connections, accepted and not closed
	ending    atomic.Bool  // Shutdown or Close has been called
	accepting atomic.Int64 // parts, of which each loop is one, that have not been told so

	hijackedOpen atomic.Int64 // connections that handlers have taken and not closed

	mu       sync.Mutex
	resolved bool // opts and startErr are set
	started  bool
	startErr error
	closed   bool
	books    []*counters // of the parts
	running  int         // parts, of which each loop is one, that have not ended
	once     sync.Once
	empty    chan struct{} // closed when nothing is accepted and no connection is open
	stopped  chan struct{} // closed when all that runs has ended
	shutdown shutdown
}

// New returns a server that has h answer. The options are checked when it
// starts. It panics if h is nil.
func New(h Handler, o Options) *Server {
	mustHandle("New", h)
	if in, ok := h.(inlineHandler); ok {
		h, o.Dispatch.Mode = in.Handler, ModeInline
	}
	s := &Server{handler: h, given: o, empty: make(chan struct{}), stopped: make(chan struct{})}
	s.shutdown.init()
	return s
}

// resolve checks the options, once.
func (s *Server) resolve() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrServerClosed
	}
	if !s.resolved {
		s.resolved = true
		s.opts, s.startErr = s.given.resolved()
	}
	return s.startErr
}

// start begins to run the loops, once, after resolve.
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
	s.clock.start()
	s.timed = s.opts.Timeouts.Request > 0 || s.opts.Hooks.RequestDone != nil
	s.config = s.opts.config(s.clock.text)
	s.refused = refusedConfig(s.config)
	s.admission.init(&s.opts.Limits)
	s.workerBuffers.size, s.workerBuffers.debug = workerReceiveBytes, s.opts.Debug
	s.budget.init(s.opts.Limits.MemoryBytes)
	if s.startErr = s.startLoops(); s.startErr == nil {
		s.startStreams()
	}
	return s.startErr
}

// connectionEnded is called after each connection's end.
func (s *Server) connectionEnded() {
	if s.open.Add(-1) == 0 && s.accepting.Load() == 0 {
		s.announceEmpty()
	}
}

// partDrains is called once by each part when it has been told to end.
func (s *Server) partDrains() {
	if s.accepting.Add(-1) == 0 && s.open.Load() == 0 {
		s.announceEmpty()
	}
}

func (s *Server) announceEmpty() { s.once.Do(func() { close(s.empty) }) }

// partEnded is called once by each part of the server that runs by itself, at
// its end.
func (s *Server) partEnded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running--; s.running == 0 {
		close(s.stopped)
	}
}
