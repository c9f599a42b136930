package engine

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
	"github.com/pollard-go/pollard/timers"
)

// streams is what a server has of connections that carriers bring. It is a part
// of the server as each loop is one.
type streams struct {
	counters counters
	gate     gate
	pace     pace
	alarms   alarms
	calls    sync.Pool  // *call
	buffers  bufferPool // to receive into when nobody knows how much there is
	numbers  atomic.Uint64
	secured  conn.Config

	paused     atomic.Int64  // streams that are not read from, for want of memory
	handshakes chan struct{} // holds one for each that is at work; nil: any number
	over       chan struct{} // closed when all streams are to end at once

	mu       sync.Mutex
	first    *stream
	open     int
	own      int // of these, with a goroutine of their own
	draining bool
	closing  bool
	ended    bool
	sources  map[source]struct{}
	rank     streamRank
}

// source is where streams come from, such as a listener.
type source interface {
	// end has no more come. It must not wait. It may be called more than once.
	end()
}

// streamBufferBytes is what a carrier receives into that can't wait without a
// buffer.
const streamBufferBytes = 8 << 10

// startStreams is called by start.
func (s *Server) startStreams() {
	st := &s.streams
	st.gate.init(&s.opts.Dispatch)
	st.alarms.init(&s.clock)
	st.buffers.size, st.buffers.debug = streamBufferBytes, s.opts.Debug
	st.calls.New = func() any { return &call{srv: s} }
	st.secured = s.config
	st.secured.Secured = true
	if n := s.opts.TLS.Handshakes; n > 0 {
		st.handshakes = make(chan struct{}, n)
	}
	st.sources, st.over = make(map[source]struct{}), make(chan struct{})
	s.books = append(s.books, &st.counters)
	s.running++
	s.accepting.Add(1)
}

// call returns one for the next request.
func (st *streams) call(s *Server) *call {
	return st.calls.Get().(*call)
}

func (st *streams) callDone(k *call) {
	if !k.stale() {
		st.calls.Put(k)
	}
}

// newStream begins the life of a connection. It returns nil if the server takes
// none any more.
func (s *Server) newStream(io carrier.Conn, own bool, v verdict) *stream {
	st := &s.streams
	c := &stream{srv: s, io: io, own: own, verdict: v, number: 1<<63 | st.numbers.Add(1)}
	if own {
		c.word.Store(streamBusy)
	} else {
		c.alarm = &alarm{node: timers.Node[stream]{Owner: c}}
	}
	config := &s.config
	if c.isSecured() {
		config = &st.secured
	}
	if v == verdictAnswer {
		config = &s.refused
	}
	c.refresh()
	c.c.Init(config, c.at)
	if acknowledges(io) {
		c.c.Acknowledges()
	}
	s.open.Add(1)
	if !st.add(c) {
		s.connectionEnded()
		return nil
	}
	return c
}

func (st *streams) add(c *stream) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.closing || st.ended {
		return false
	}
	if st.draining {
		c.word.Or(streamDrain)
	}
	st.counters.accepted.Add(1)
	if c.next = st.first; c.next != nil {
		c.next.prev = c
	}
	st.first = c
	if st.open++; c.own {
		st.own++
	}
	return true
}

func (st *streams) remove(c *stream) {
	st.mu.Lock()
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		st.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	}
	c.next, c.prev = nil, nil
	if st.open--; c.own {
		st.own--
	}
	last := st.lastGone()
	st.mu.Unlock()
	if last {
		c.srv.partEnded()
	}
}

// lastGone tells, once, that nothing is left and nothing will come.
func (st *streams) lastGone() bool {
	if !st.draining || st.open > 0 || len(st.sources) > 0 || st.ended {
		return false
	}
	st.ended = true
	return true
}

// areClosing tells that Close has been called, or the drain is cut.
func (st *streams) areClosing() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.closing
}

// addSource reports false if the server takes no connection any more.
func (s *Server) addSource(from source) bool {
	st := &s.streams
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.draining {
		return false
	}
	st.sources[from] = struct{}{}
	return true
}

// sourceEnded is called when no more come from it.
func (s *Server) sourceEnded(from source) {
	st := &s.streams
	st.mu.Lock()
	delete(st.sources, from)
	accepts := st.draining && len(st.sources) == 0
	last := st.lastGone()
	st.mu.Unlock()
	if accepts {
		s.partDrains()
	}
	if last {
		s.partEnded()
	}
}

// endStreams is called by end, perhaps more than once.
func (s *Server) endStreams(how ending) {
	st := &s.streams
	st.mu.Lock()
	first := !st.draining
	st.draining = true
	if how == atOnce && !st.closing {
		st.closing = true
		close(st.over)
	}
	var all []*stream
	for c := st.first; c != nil; c = c.next {
		all = append(all, c)
	}
	sources := slices.Collect(maps.Keys(st.sources))
	drained := first && len(st.sources) == 0
	last := st.lastGone()
	st.mu.Unlock()

	for _, from := range sources {
		from.end()
	}
	for _, c := range all {
		if how == atOnce {
			c.cut()
		} else {
			c.tell(streamDrain)
		}
	}
	if how == atOnce {
		st.counters.cuts.dropped.Add(st.gate.letAll())
		st.counters.cuts.told.Store(true)
	}
	if drained {
		s.partDrains()
	}
	if last {
		s.partEnded()
	}
}

// cut ends a stream at once, whoever owns it. One that waits for input ends by
// itself, in order; what goes on otherwise is reset.
func (s *stream) cut() {
	state := ConnState(s.state.Load())
	if s.word.Or(streamCut)&(streamCut|streamGone) == 0 {
		s.srv.streams.counters.cuts.counted(state)
	}
	s.tell(streamClose)
	s.cancel(ErrServerClosed) // after the note: see bindContext
	switch ConnState(s.state.Load()) {
	case StateHandling, StateSending, StateDetached:
		s.touch(s.io.Abort)
	default:
		if s.word.Load()&streamShaking != 0 { // it may wait to send, and tells nobody
			s.touch(s.io.Abort)
		}
	}
}

// addStreams adds what the counters don't tell.
func (s *Server) addStreams(out *Stats) {
	st := &s.streams
	st.mu.Lock()
	out.Workers += int64(st.own)
	st.mu.Unlock()
	out.Queued += st.gate.waiting.Load()
}

// ready starts the server, if it has not been.
func (s *Server) ready() error {
	if err := s.resolve(); err != nil {
		return err
	}
	return s.start()
}
