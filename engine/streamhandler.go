package engine

import (
	"crypto/tls"
	"net"
	"net/netip"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// This file is how a stream has a handler answer, and what it does for the
// handler meanwhile: connection.

// serve runs the handler of the request that is ready, on the goroutine that
// calls. It reports false if the answer was detached and the stream has no
// goroutine of its own: it is no longer the caller's.
func (s *stream) serve() bool {
	if s.c.BodyOutstanding() {
		s.c.Release() // the buffer is needed for the rest, so the head must not lie in it
	}
	if s.c.Unsent() && s.srv.streams.pace.slow() {
		if s.send(); s.c.State().Closed() {
			s.c.Abort(s.at)
			return true
		}
	}
	s.enter(StateHandling)
	if !s.srv.streams.gate.enter(s.burst) {
		s.srv.streams.counters.declined.Add(1)
		s.srv.declined(s, &s.c)
		s.c.Decline(s.at, 503, s.srv.opts.Dispatch.RetryAfter)
		return true
	}
	if s.word.Load()&streamCut != 0 { // while it waited
		s.srv.streams.gate.leave()
		s.takeNotes()
		s.c.Abort(s.at)
		return true
	}
	s.requests++
	if s.burst++; s.burst > turnRequests {
		s.burst = 0
	}
	k := s.srv.streams.call(s.srv)
	k.begin(&s.c, s)
	s.k = k
	k.run()
	d, record := s.handled()
	if s.over { // hijacked
		return false
	}
	if d == nil {
		if s.srv.opts.Debug && !s.c.HasInput() {
			s.c.Release() // views of a body end with the request
			s.io.Release()
		}
		return true
	}
	return s.part(d, record)
}

// handled is called after a handler. It returns what its answer was detached to.
func (s *stream) handled() (d *Detached, record *detachedRecord) {
	k := s.k
	s.k = nil
	if d = k.resp.detached; d != nil {
		record = k.keepRecord()
	}
	k.end()
	s.srv.streams.gate.leave()
	s.srv.streams.callDone(k)
	return d, record
}

// now: see connection.
func (s *stream) now() time.Duration { return s.at }

// refresh: see connection.
func (s *stream) refresh() { s.at = s.srv.clock.now() }

// timed reads the clock after a handler, or some that ran one after the other.
func (s *stream) timed() {
	began := s.at
	s.refresh()
	s.srv.streams.pace.took(s.at - began)
}

// returned: see connection.
func (s *stream) returned() {
	s.stopWatch()
	// What follows in the buffer is served at once, whatever the time is.
	if s.late = s.c.Pipelined(); !s.late {
		s.timed()
	}
	s.notice()
}

// notice: see connection.
func (s *stream) notice() {
	if s.srv.ending.Load() {
		s.c.Drain(s.at, s.srv.opts.Close.Hold)
	}
	s.takeNotes()
}

// pin: see connection. There is no loop.
func (s *stream) pin() {}

// unpin: see connection.
func (s *stream) unpin() {}

// leaveLoop: see connection.
func (s *stream) leaveLoop() {}

// awaitInput: see connection.
func (s *stream) awaitInput() {
	s.stopWatch()
	s.refresh()
	if s.c.Unsent() {
		s.send()
	}
	if !s.c.State().Closed() && !s.receive() {
		s.quiet()
		s.await()
		if s.c.WantsInput() && !s.c.State().Closed() {
			s.receive()
		}
	}
	s.startWatch()
}

// awaitOutput: see connection.
func (s *stream) awaitOutput() error {
	watched := s.watched != nil
	s.refresh()
	if s.c.Unsent() {
		s.send()
	}
	if s.c.State().Closed() {
		return ErrClosed
	}
	if watched { // it gave way to what was received while that waited
		s.startWatch()
	}
	return nil
}

// attachFile: see connection.
func (s *stream) attachFile(f carrier.File, offset int64) {
	s.dropFile() // that before was sent, but perhaps not what follows it
	s.file = &sendFile{f, offset}
}

// bindContext: see connection. What would end the context may have happened
// already: it is noted before the context is looked for, so one of both sides
// sees the other.
func (s *stream) bindContext(c *requestContext) {
	s.context.Store(c)
	if c == nil {
		return
	}
	w := s.word.Load()
	switch {
	case w&streamClose != 0 || s.c.Reason() == conn.ReasonServer:
		c.cancel(ErrServerClosed)
	case s.broken || w&streamBroken != 0:
		c.cancel(ErrPeerReset)
	case s.c.State().Closed():
		c.cancel(ErrClosed)
	default:
		if s.ended || w&streamEnded != 0 {
			s.endedByPeer()
		}
		s.startWatch()
	}
}

// startWatch has a goroutine look for the peer's end while the handler is at
// work, if it has asked for its context.
func (s *stream) startWatch() {
	if s.watched != nil || s.ended || s.context.Load() == nil || !s.own {
		return
	}
	done := make(chan struct{})
	s.watched = done
	go func() {
		defer close(done)
		if cause := s.watch(); cause != nil {
			s.cancel(cause)
		}
	}()
}

// stopWatch makes receiving the caller's again.
func (s *stream) stopWatch() {
	if s.watched != nil {
		s.io.Interrupt()
		<-s.watched
		s.watched = nil
	}
}

func (s *stream) remote() netip.AddrPort { return s.io.RemoteAddr() }
func (s *stream) local() netip.AddrPort  { return s.io.LocalAddr() }
func (s *stream) id() uint64             { return s.number }

// socket: see connection.
func (s *stream) socket() (net.Conn, error) {
	s.stopWatch()
	nc, received, err := s.io.Hijack()
	if err == nil {
		s.c.Receive(s.at, received)
	}
	return nc, err
}

// release: see connection.
func (s *stream) release() (state *conn.Conn, left func()) {
	st := &s.srv.streams
	srv, v, client := s.srv, s.verdict, s.io.RemoteAddr().Addr()
	cut := s.word.Or(streamGone)&streamCut != 0
	s.untouched()
	s.io.LetGo()
	s.over = true
	state = new(conn.Conn)
	*state, s.c = s.c, conn.Conn{}
	s.count()
	s.dropFile()
	s.context.Store(nil)
	s.srv.budget.charge(&s.charged, 0)
	from := ConnState(s.state.Load())
	st.counters.moved(from, StateIdle)
	st.counters.ended(state, cut)
	s.srv.hookStateChanged(s, from, StateHijacked)
	s.srv.hookClosed(s, state, s.at, cut)
	s.alarm.cancel(s)
	st.remove(s)
	return state, func() { srv.admission.leave(v, client) }
}

// tlsState: see connection.
func (s *stream) tlsState() *tls.ConnectionState {
	switch c := s.io.(type) {
	case *secured:
		return c.connectionState()
	case *tlsPipe:
		return c.connectionState()
	}
	return nil
}
