package engine

import (
	"errors"
	"io"
	"math"
	"net"
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// This file is how a stream sends, and what goes on while that waits.

// fileSlice is what one sendfile takes at most, so that others get their turn.
const fileSlice = 128 << 10

// sendFile is the file that conn's output goes on with.
type sendFile struct {
	file   carrier.File
	offset int64
}

// send sends all output. It returns early when the connection has ended.
func (s *stream) send() {
	s.count() // before the peer can know of them
	for s.c.Unsent() {
		s.out = s.c.Output()
		n, err := s.sendOnce(&s.out)
		if s.waited {
			s.waited = false
			s.refresh()
		}
		s.c.Sent(s.at, n)
		if err != nil {
			s.refresh()
			s.takeNotes()
			s.outcome(err)
		} else if n == 0 {
			// The file can't be read, or has become shorter than announced: what is
			// promised can't be sent.
			s.c.Close(conn.ReasonAborted)
		}
	}
	s.out = conn.Output{} // its views are not ours to keep
	s.stopDraining()
	if !s.c.State().Closed() {
		s.dropFile()
	}
}

// confirm tells conn what the peer's system has.
func (s *stream) confirm() {
	s.refresh()
	n, err := s.io.Unacknowledged()
	if err != nil {
		s.outcome(err)
		return
	}
	s.c.Unacknowledged(s.at, n)
}

// acknowledges tells that Unacknowledged of a carrier can be told, and that it is
// no matter how often a wait of it ends: other connections may not go on then.
func acknowledges(io carrier.Conn) bool {
	switch io := io.(type) {
	case *wire:
		_, tcp := io.nc.(*net.TCPConn)
		return tcp && rawSockets
	case *secured:
		return acknowledges(io.below)
	}
	return false
}

// expire acts on a deadline that has passed.
func (s *stream) expire() bool {
	if s.c.WantsUnacknowledged(s.at) {
		s.confirm()
	}
	return s.c.Expire(s.at)
}

// sendOnce sends some.
func (s *stream) sendOnce(out *conn.Output) (n int64, err error) {
	if out.File > 0 && len(out.Head) == 0 {
		n, err = s.io.SendFile(s.file.file, s.file.offset, min(out.File, fileSlice), s)
		s.file.offset += n
		return n, err
	}
	if out.File > 0 {
		out.Tail = nil // it follows the file
	}
	return s.io.Send(out, s)
}

// SendLimit: see carrier.Limit. The peer does not read as fast as it is sent to.
func (s *stream) SendLimit() time.Time {
	s.refresh()
	s.waited = true
	s.c.Sent(s.at, 0)
	s.charge()
	if s.k == nil {
		s.enter(StateSending)
	}
	s.startDraining()
	if s.word.Load()&streamCut != 0 { // after enter: see cut
		return past
	}
	return s.until()
}

// sendExpired: see expirer.
func (s *stream) sendExpired() (over bool) {
	s.refresh()
	s.expire()
	if s.c.State().Closed() {
		s.cancel(ErrClosed)
		return true
	}
	return s.word.Load()&streamCut != 0
}

// drained is what was received while output was stuck.
type drained struct {
	enough atomic.Bool // it is to end
	done   chan struct{}
	bytes  int64
	kept   []byte // unless it is thrown away
	most   int    // of kept
	end    error

	budget  *budget
	charged int64 // for kept
}

// startDraining has a goroutine receive while output is stuck, if the peer may
// first send the rest of a request that nobody reads before it reads its answer.
func (s *stream) startDraining() {
	if s.drained != nil || s.ended || !s.c.Deaf() && !s.c.Discarding() {
		return
	}
	if s.k != nil && s.c.Lent() {
		return // a handler has views of what would be given up
	}
	s.stopWatch() // one receives at a time
	s.c.Release()
	s.io.Release()
	d := &drained{done: make(chan struct{}), budget: &s.srv.budget}
	if !s.c.Deaf() {
		d.most = int(min(s.srv.opts.Limits.DiscardBytes, math.MaxInt-workerReceiveBytes)) + workerReceiveBytes
	}
	s.drained = d
	go d.run(s.io)
}

func (d *drained) run(from carrier.Conn) {
	defer close(d.done)
	// An Await that was interrupted when something came tells of that only.
	for !d.enough.Load() && (d.most == 0 || len(d.kept) < d.most && !d.budget.tight(d.charged)) {
		if err := from.Await(time.Time{}, false); errors.Is(err, carrier.ErrInterrupted) && !d.enough.Load() {
			continue // it was meant for a watch, or tells of a note, which waits for the sender
		} else if err != nil {
			return // what the next attempt to send or receive will find
		}
		p, err := from.Receive()
		d.bytes += int64(len(p))
		if d.most > 0 {
			d.kept = append(d.kept, p...)
			d.budget.charge(&d.charged, int64(len(d.kept)))
		}
		from.Release()
		if err != nil {
			d.end = err
			return
		}
	}
}

// stopDraining takes over what was received.
func (s *stream) stopDraining() {
	d := s.drained
	if d == nil {
		return
	}
	s.drained = nil
	d.enough.Store(true)
	s.io.Interrupt()
	<-d.done
	d.budget.charge(&d.charged, 0)
	if d.kept != nil {
		s.c.Receive(s.at, d.kept)
	} else if d.bytes > 0 {
		s.c.Discarded(s.at, int(d.bytes))
	}
	if errors.Is(d.end, io.EOF) {
		s.ended = true
		s.c.ReceiveEnd(s.at)
	}
}
