package engine

import (
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// stream is a connection that a carrier brings: a net.Conn, with TLS or without,
// or one of an event library. It drives the same conn.Conn as a link does.
//
// It has a goroutine of its own that waits for input, or none: then it is owned
// by whoever has set the busy bit of word, and what happens meanwhile is noted
// there. The goroutine of its own is always the owner. A Detached takes the
// ownership over in both cases, until it resumes the stream.
type stream struct {
	word     atomic.Uint32
	state    atomic.Uint32 // a ConnState; the owner's to change
	rested   rested
	own      bool // a goroutine of its own waits for it
	late     bool // a handler has returned since the clock was last read
	waited   bool // an attempt to send had to
	ended    bool // the peer has ended its side, as the carrier says
	broken   bool // it can't be sent to any more
	over     bool // closed
	verdict  verdict
	writing  bool // a goroutine sends for the Detached: under Detached.mu
	srv      *Server
	io       carrier.Conn
	c        conn.Conn
	k        *call         // under way
	at       time.Duration // when the clock was last read
	requests int64         // served and not counted yet
	burst    int           // served since it last had to wait for something
	charged  int64         // bytes that the memory budget counts
	touching atomic.Int32  // how many others use the carrier: see touch
	number   uint64
	file     *sendFile
	out      conn.Output // being sent
	context  atomic.Pointer[requestContext]
	detached atomic.Pointer[Detached]
	watched  chan struct{} // closed when the watch that is under way ends; nil without
	drained  *drained      // what is received while output is stuck; nil without
	alarm    *alarm        // nil with a goroutine of its own

	next, prev *stream // in streams
}

// Bits of stream.word.
const (
	streamBusy    uint32 = 1 << iota // somebody owns it
	streamResumed                    // the Detached has ended its answer
	streamCut                        // it is ended by the server's end, and counted so
	streamGone                       // it is not any more
	streamShaking                    // it is being secured
	streamInput
	streamEnded
	streamBroken
	streamOverrun
	streamTimer
	streamDrain
	streamClose
	streamShed
	streamNotes = streamInput | streamEnded | streamBroken | streamOverrun | streamTimer | streamDrain | streamClose | streamShed
)

// live is the goroutine of a stream that has one.
func (s *stream) live() {
	returns := false
	defer s.exited(&returns)
	for s.advance() {
		s.quiet()
		s.enter(stateOf(&s.c))
		s.await()
	}
	returns = true
}

// exited is deferred: a handler may end its goroutine by runtime.Goexit, and then
// another one goes on with the connection.
func (s *stream) exited(returns *bool) {
	if *returns || s.k == nil { // it is somebody else's, or an error of ours
		return
	}
	_, _ = s.handled()
	if s.over { // it was hijacked
		return
	}
	if s.own {
		go s.live()
	} else {
		go s.step()
	}
}

// note tells the owner what has happened. It reports false if there was none:
// the caller is it now, and is to step.
func (s *stream) note(bits uint32) bool {
	if s.word.Or(bits|streamBusy)&streamBusy == 0 {
		return false
	}
	d := s.detached.Load()
	if d != nil {
		d.noted()
	}
	s.rouse(d)
	return true
}

// tell is note for who must not run handlers.
func (s *stream) tell(bits uint32) {
	if !s.note(bits) {
		go s.step()
	}
}

// rouse has the goroutine of its own look at word. d is the Detached for which it
// waits, if it does.
func (s *stream) rouse(d *Detached) {
	if !s.own {
		return
	}
	s.touch(s.io.Interrupt)
	if d != nil {
		select {
		case d.wake <- struct{}{}:
		default: // it has not looked since the last one
		}
	}
}

// touch calls a method of the carrier unless that was let go. It is called by who is
// not the owner, and doesn't wait for code that is not ours.
func (s *stream) touch(f func()) {
	s.touching.Add(1)
	if s.foreign() {
		go s.touched(f)
	} else {
		s.touched(f)
	}
}

func (s *stream) touched(f func()) {
	defer s.touching.Add(-1)
	if s.word.Load()&streamGone == 0 {
		f()
	}
}

// untouched waits, once it has been let go, for who has seen it before that. Nobody
// has as good as ever.
func (s *stream) untouched() {
	for wait := time.Microsecond; s.touching.Load() > 0; wait = min(2*wait, 10*time.Millisecond) {
		time.Sleep(wait)
	}
}

// foreign tells whether the carrier calls a net.Conn of the program's.
func (s *stream) foreign() bool {
	switch c := s.io.(type) {
	case *pipe, *tlsPipe:
		return true
	case *secured:
		_, ours := c.below.(*wire)
		return !ours
	}
	return false
}

// step goes on with a stream that has no goroutine, until nothing can be done
// before something happens.
func (s *stream) step() {
	returns := false
	defer s.exited(&returns)
	s.refresh()
	for s.advance() {
		s.quiet()
		s.enter(stateOf(&s.c))
		s.alarm.set(s)
		if s.word.CompareAndSwap(streamBusy, 0) {
			break
		}
		s.refresh()
	}
	returns = true
}

// takeNotes acts on what was noted.
func (s *stream) takeNotes() {
	if s.word.Load()&streamNotes == 0 {
		return
	}
	bits := s.word.And(^streamNotes) & streamNotes
	if bits&streamClose != 0 {
		if s.c.Unsent() {
			out := s.c.Output()
			s.srv.streams.counters.cuts.unsent.Add(out.Len())
		}
		s.c.Close(conn.ReasonServer)
	}
	if bits&streamOverrun != 0 {
		s.c.Close(conn.ReasonOverrun)
	}
	if bits&streamDrain != 0 {
		if s.own {
			s.look() // what has come already is looked at before the end
		}
		s.c.Drain(s.at, s.srv.opts.Close.Hold)
	}
	if bits&streamShed != 0 {
		s.giveWay()
	}
	s.ended = s.ended || bits&streamEnded != 0
	s.broken = s.broken || bits&streamBroken != 0
	if bits&streamTimer != 0 {
		s.expire()
	}
	if s.c.State().Closed() {
		s.cancel(ErrClosed)
	}
}

// look receives what has come, of a connection between two requests: others are
// not the caller's to receive from. What was received before is given back first,
// which Await relies on.
func (s *stream) look() {
	if !s.c.State().Idle() {
		return
	}
	s.c.Release()
	s.io.Release()
	if !s.own || s.io.Await(past, false) == nil {
		s.receive()
	}
}

// advance does what can be done now. It reports false if the stream has been
// closed, or detached from whoever calls.
func (s *stream) advance() bool {
	for {
		s.takeNotes()
		event := s.c.Next(s.at)
		if s.late && event != conn.Requested {
			s.late = false
			s.timed()
			s.c.Late(s.at)
		}
		switch event {
		case conn.NeedInput:
			if s.c.Unsent() {
				s.send()
			} else if !s.receive() {
				return true
			}
		case conn.Requested:
			if !s.serve() {
				return false
			}
		case conn.Flush:
			s.send()
		case conn.Confirm:
			s.confirm()
		case conn.Shutdown:
			s.closeWrite()
		case conn.Close:
			s.close(false)
			return false
		case conn.Reset:
			s.close(true)
			return false
		default: // Paused cannot be: handlers end before their stream goes on
			panic("engine: connection paused without a handler")
		}
	}
}

// await waits until there is something to receive, or to be done. What is not
// needed for that has been given up.
func (s *stream) await() {
	if !s.c.WantsInput() { // it waits for nothing that the carrier could tell
		time.Sleep(time.Until(s.until()))
		s.refresh()
		s.outcome(carrier.ErrInterrupted)
		return
	}
	err := s.io.Await(s.until(), s.c.Resting())
	s.refresh()
	s.takeNotes()
	if err == nil {
		s.receive() // before the time is looked at
	}
	s.outcome(err)
}

// outcome acts on the error of a method of the carrier that waits.
func (s *stream) outcome(err error) {
	switch {
	case err == nil:
	case errors.Is(err, carrier.ErrInterrupted):
		if s.expire() && s.c.State().Closed() {
			s.cancel(ErrClosed)
		}
	default:
		s.takeNotes() // the cause of it, perhaps
		s.c.ReceiveReset(s.at)
		s.cancel(ErrPeerReset)
	}
}

// quiet gives up what is not needed to wait.
func (s *stream) quiet() {
	s.burst = 0
	s.count()
	s.c.Release()
	s.io.Release()
	s.charge()
	s.rests()
}

// enter makes to the stream's state, for the counters and the hook.
func (s *stream) enter(to ConnState) {
	if from := ConnState(s.state.Load()); from != to {
		s.state.Store(uint32(to))
		s.srv.streams.counters.moved(from, to)
		s.srv.hookStateChanged(s, from, to)
	}
}

func (s *stream) charge() {
	held := int64(s.c.Buffered())
	if t, ok := s.io.(*secured); ok {
		held += t.held()
	}
	s.srv.budget.charge(&s.charged, held)
}

// until is when to stop waiting; zero: never.
func (s *stream) until() time.Time {
	when, kind := s.c.Deadline()
	if kind == conn.NoDeadline {
		return time.Time{}
	}
	return s.srv.clock.at(when)
}

// receive takes what has come. It reports false if nothing has.
func (s *stream) receive() bool {
	if !s.c.WantsInput() {
		return false
	}
	if s.srv.budget.tight(s.charged) && !s.c.Deaf() && !s.ended {
		s.pause()
		return true
	}
	s.c.Release()
	s.io.Release()
	p, err := s.io.Receive()
	s.rested.Store(0)
	switch {
	case len(p) > 0 && s.c.Deaf():
		s.c.Discarded(s.at, len(p))
	case len(p) > 0:
		s.c.Receive(s.at, p)
	case err == nil:
		return false
	case errors.Is(err, io.EOF):
		s.c.ReceiveEnd(s.at)
		s.ended = true
		s.endedByPeer()
	default:
		s.outcome(err)
	}
	return true
}

// streamPause is how long nothing is received, at least, for want of memory. When
// many streams wait it is longer: at most so many look again in that time.
const (
	streamPause     = 10 * time.Millisecond
	streamPauseMost = 250 * time.Millisecond
	streamPauseRate = 64
)

// pause waits for memory, and sees the peer's end meanwhile: what was sent before it
// is bounded by the system, and to receive it all gives memory back.
func (s *stream) pause() {
	s.c.Release()
	s.io.Release()
	s.charge()
	s.srv.budget.pauses.Add(1)
	st := &s.srv.streams
	many := time.Duration(st.paused.Add(1) / streamPauseRate)
	until := time.Now().Add(min(streamPause*max(many, 1), streamPauseMost))
	if by := s.until(); !by.IsZero() && by.Before(until) {
		until = by
	}
	err := s.io.AwaitEnd(until)
	st.paused.Add(-1)
	s.refresh()
	s.ended = s.ended || err == nil
	s.takeNotes()
	s.outcome(err)
}

// endedByPeer ends the context of the request under way, if that is the policy.
func (s *stream) endedByPeer() {
	if s.srv.opts.Close.HalfClose == HalfCloseCancel {
		s.cancel(ErrPeerEnded)
	}
}

// cancel ends the context of the request under way, if a handler has asked for it.
func (s *stream) cancel(cause error) {
	if c := s.context.Load(); c != nil {
		c.cancel(cause)
	}
}

// closeWrite ends our side. A connection that has no sides is closed.
func (s *stream) closeWrite() {
	if err := s.io.CloseWrite(s); err != nil {
		s.c.ReceiveEnd(s.at)
	}
	s.stopDraining() // SendLimit has begun it
}

// close ends the stream's life.
func (s *stream) close(reset bool) {
	s.over = true
	s.count()
	s.dropFile()
	s.srv.budget.charge(&s.charged, 0)
	cut := s.word.Or(streamGone)&streamCut != 0
	n := &s.srv.streams.counters
	n.moved(ConnState(s.state.Load()), StateIdle)
	n.ended(&s.c, cut)
	s.srv.hookClosed(s, &s.c, s.at, cut)
	s.io.Release()
	s.io.Close(reset)
	s.srv.admission.leave(s.verdict, s.io.RemoteAddr().Addr())
	s.alarm.cancel(s)
	s.srv.streams.remove(s)
	s.srv.connectionEnded()
}

// count adds to the counters what has been served, once for all requests that
// came in one piece.
func (s *stream) count() {
	if s.requests > 0 {
		s.srv.streams.counters.requests.Add(s.requests)
		s.requests = 0
	}
}

func (s *stream) dropFile() {
	if s.file != nil {
		_ = s.file.file.Close()
		s.file = nil
	}
}

// Ready: see carrier.Stream.
func (s *stream) Ready() {
	if !s.note(streamInput) {
		s.step()
	}
}

// Ended: see carrier.Stream. A handler that is at work learns of it at once.
func (s *stream) Ended() {
	s.tell(streamEnded | streamInput)
	s.endedByPeer()
}

// Broken: see carrier.Stream.
func (s *stream) Broken() {
	s.tell(streamBroken | streamEnded | streamInput)
	s.cancel(ErrPeerReset)
}

// Overrun: see carrier.Stream.
func (s *stream) Overrun() {
	s.tell(streamOverrun)
	s.touch(s.io.Abort)
}
