package engine

import (
	"errors"
	"io"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// This file is what a stream does for a Detached that owns it: carried. Since a
// carrier may wait when it sends, a goroutine sends on behalf of the Detached's
// callers; it lasts for as long as there is something to send.

// part makes d the owner. A stream with a goroutine of its own has it look for
// the peer's end meanwhile, and then goes on.
func (s *stream) part(d *Detached, record *detachedRecord) bool {
	s.count()
	s.enter(StateDetached)
	s.late = false
	own := s.own // from begin on nothing of it is ours
	if own {
		d.wake = make(chan struct{}, 1)
	}
	s.detached.Store(d)
	d.begin(&s.c, s, record)
	if !own {
		return false
	}
	s.attend(d)
	s.refresh()
	return true
}

// attend waits for the answer's end.
func (s *stream) attend(d *Detached) {
	for watching := true; s.word.Load()&streamResumed == 0; {
		if !watching {
			<-d.wake
			continue
		}
		err := s.io.Watch()
		switch {
		case errors.Is(err, carrier.ErrInterrupted):
		case err == nil:
			watching = false
		case errors.Is(err, io.EOF):
			watching = false
			s.note(streamEnded)
		default:
			watching = false
			s.note(streamBroken | streamEnded)
		}
	}
	for s.writes(d) {
		<-d.wake
	}
	s.word.And(^streamResumed)
}

// watch looks for the peer's end once, and returns what is to end a context.
func (s *stream) watch() (cause error) {
	err := s.io.Watch()
	switch {
	case err == nil || errors.Is(err, carrier.ErrInterrupted):
		return nil
	case !errors.Is(err, io.EOF):
		return ErrPeerReset
	case s.srv.opts.Close.HalfClose == HalfCloseCancel:
		return ErrPeerEnded
	}
	return nil
}

// writes tells whether somebody sends for d, or has since it was resumed.
func (s *stream) writes(d *Detached) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return s.writing
}

// tend: see carried.
func (s *stream) tend(d *Detached) {
	s.refresh()
	s.takeNotes()
	if s.broken {
		s.c.ReceiveReset(s.at) // no read would find out: nobody reads
	}
	if s.ended && !s.broken && s.srv.opts.Close.HalfClose == HalfCloseCancel {
		d.ctx.end(ErrPeerEnded)
	}
	s.charge()
	if s.c.State().Closed() {
		d.cut()
		return
	}
	if s.c.Unsent() && !s.writing {
		s.writing = true
		go s.write(d)
	}
}

// noted: see carried.
func (s *stream) noted() bool {
	return s.word.Load()&streamNotes != 0
}

// resume: see carried. While somebody still sends, that one goes on.
func (s *stream) resume() {
	d := s.detached.Swap(nil)
	switch {
	case s.own:
		s.word.Or(streamResumed)
		s.rouse(d)
	case !s.writing:
		go s.step()
	}
}

// write sends for d until nothing is unsent. It holds d.mu but when it waits.
func (s *stream) write(d *Detached) {
	buf := s.srv.streams.buffers.take()
	defer s.srv.streams.buffers.give(buf)
	d.mu.Lock()
	for s.c.Unsent() && !s.c.State().Closed() {
		out := s.c.Output()
		piece := conn.Output{File: out.File}
		if len(out.Head) > 0 || out.File == 0 {
			n := copy(buf, out.Head)
			if len(out.Head) == n && out.File == 0 {
				n += copy(buf[n:], out.Body)
				if len(out.Head)+len(out.Body) == n {
					n += copy(buf[n:], out.Tail)
				}
			}
			piece.Head = buf[:n]
		}
		d.mu.Unlock()
		n, err := s.sendDetached(&piece, d)
		d.mu.Lock()
		s.refresh()
		s.c.Sent(s.at, n)
		switch {
		case err != nil && errors.Is(err, carrier.ErrInterrupted):
			s.expire()
		case err != nil:
			s.takeNotes()
			s.c.ReceiveReset(s.at)
		case n == 0:
			s.c.Close(conn.ReasonAborted) // as in send
		}
	}
	if !s.c.State().Closed() {
		s.dropFile()
	}
	s.writing = false
	if d.c == nil { // it was resumed meanwhile
		d.mu.Unlock()
		if s.own {
			s.rouse(d)
		} else {
			s.step()
		}
		return
	}
	d.unlock()
}

func (s *stream) sendDetached(piece *conn.Output, d *Detached) (int64, error) {
	limit := detachedLimit{s, d}
	if len(piece.Head) > 0 {
		return s.io.Send(piece, limit)
	}
	n, err := s.io.SendFile(s.file.file, s.file.offset, min(piece.File, fileSlice), limit)
	s.file.offset += n
	return n, err
}

// detachedLimit is SendLimit for who does not hold Detached.mu.
type detachedLimit struct {
	s *stream
	d *Detached
}

// sendExpired: see expirer.
func (l detachedLimit) sendExpired() (over bool) {
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	l.s.refresh()
	l.s.expire()
	return l.s.c.State().Closed()
}

func (l detachedLimit) SendLimit() time.Time {
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	l.s.refresh()
	l.s.c.Sent(l.s.at, 0)
	return l.s.until()
}
