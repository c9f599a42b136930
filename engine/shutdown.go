package engine

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// This file is how a server ends:
//
//	Shutdown, Drain   notice: Hooks.Draining, and service as before
//	                  order: no new connections, the last answers, the holds
//	                  cut: what is left when the context has ended
//	Close             cut, at once

// ErrDraining is returned by Shutdown and Drain when a handler or a hook calls
// them: they have begun the drain, which goes on in the background, and did not
// wait for its end, since it waits for that handler.
var ErrDraining = errors.New("engine: the server drains in the background: a handler can't wait for its end")

// shutdown is the one drain of a server. Any number of callers wait for it.
type shutdown struct {
	once  sync.Once
	begun atomic.Bool
	done  chan struct{} // closed at its end

	cutOnce sync.Once
	cut     chan struct{} // closed when it is to end at once
	cause   error         // why, then

	began  time.Time
	before ledger      // when it stopped accepting
	report DrainReport // both valid after done
	err    error       // of the context that cut it, or ErrServerClosed
}

func (d *shutdown) init() { d.done, d.cut = make(chan struct{}), make(chan struct{}) }

// stop has the drain end at once.
func (d *shutdown) stop(cause error) {
	d.cutOnce.Do(func() {
		d.cause = cause
		close(d.cut)
	})
}

// Shutdown is Drain without its report.
func (s *Server) Shutdown(ctx context.Context) error {
	_, err := s.Drain(ctx)
	return err
}

// Drain ends the server in order. First it gives notice: Hooks.Draining is
// called, and for Close.Notice all goes on as before. Then it stops listening,
// after it has taken the connections that the kernel had established. Requests
// that have been received are answered, and the last answer of each connection
// says "Connection: close"; idle connections are ended when no request has come
// for Close.Hold; and each connection lingers until its peer has ended too, or
// has sent nothing for Close.DrainLinger. It returns nil when all have ended. If
// ctx ends before, what is left is closed at once and ctx's error returned,
// without waiting for handlers that go on after their connection was closed.
//
// It may be called more than once and by several goroutines: all wait for the
// same drain and get the same report, and the context that ends first cuts it, as
// Close does. The others then wait for what was left behind, as a call after
// Close does, or one after the end. After Close alone the report is empty.
//
// It may be called by a handler or a hook, of this server or of another in the
// same process: it then returns at once, with ErrDraining, and the drain goes on
// in the background. There ctx's deadline bounds it, but not its cancellation,
// which often comes with the handler's return. Hooks.Drained gets the report. Without
// a notice the handler's own answer says "Connection: close" already. A handler
// must not wait for a goroutine that waits for Drain.
func (s *Server) Drain(ctx context.Context) (DrainReport, error) {
	d := &s.shutdown
	d.once.Do(func() {
		if s.endUnstarted() || s.ending.Load() {
			close(d.done)
			return
		}
		d.began = time.Now()
		d.begun.Store(true)
		go s.hookDraining() // it must not hold the drain
		if s.opts.Close.Notice <= 0 {
			s.stopAccepting() // before a handler that calls this has its answer
		}
		go s.runDrain()
	})
	if withinOwnCall() {
		if at, ok := ctx.Deadline(); ok {
			go func() {
				ctx, cancel := context.WithDeadline(context.Background(), at)
				defer cancel()
				_, _ = s.drained(ctx)
			}()
		}
		return DrainReport{}, ErrDraining
	}
	return s.drained(ctx)
}

// drained waits for the drain, and cuts it when ctx ends.
func (s *Server) drained(ctx context.Context) (DrainReport, error) {
	d := &s.shutdown
	select {
	case <-d.done:
		return d.report, s.awaitRest(ctx)
	case <-ctx.Done():
		d.stop(ctx.Err())
		<-d.done
		return d.report, ctx.Err()
	}
}

// awaitRest waits for what was left behind by a drain that was cut, but not by
// this caller, or by Close.
func (s *Server) awaitRest(ctx context.Context) error {
	if !s.runs() {
		return nil
	}
	select {
	case <-s.stopped:
	default:
		select {
		case <-s.stopped:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Draining reports whether Shutdown, Drain or Close has been called: health
// checks are to fail from then on.
func (s *Server) Draining() bool { return s.shutdown.begun.Load() || s.ending.Load() }

// Close ends the server at once: listeners and connections are closed, answers
// that are under way are cut. It waits for no handler and can be called by one.
// It may be called more than once, and while the server drains.
func (s *Server) Close() error {
	s.end(atOnce)
	s.shutdown.stop(ErrServerClosed)
	return nil
}

// ending is how a server ends.
type ending uint8

const (
	inOrder ending = iota // Shutdown, Drain
	atOnce                // Close
)

// end stops listening and tells all that runs. It reports false if the server
// never ran.
func (s *Server) end(how ending) bool {
	s.mu.Lock()
	s.closed = true
	s.ending.Store(true)
	ran := s.started && s.startErr == nil
	if ran {
		s.endLoops(how)
	}
	s.mu.Unlock()
	if ran {
		s.endStreams(how)
	}
	return ran
}

// endUnstarted ends a server that has not been started, for good: to look first
// and end it then would leave one that starts in between with its loops told to
// end in order, and nobody who ends them. It reports false if it runs.
func (s *Server) endUnstarted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started && s.startErr == nil {
		return false
	}
	s.closed = true
	s.ending.Store(true)
	return true
}

// stopAccepting begins the order.
func (s *Server) stopAccepting() {
	s.shutdown.before = s.ledger()
	s.end(inOrder)
}

// runDrain is the drain after its beginning, to its end.
func (s *Server) runDrain() {
	d := &s.shutdown
	if s.opts.Close.Notice > 0 {
		s.giveNotice()
		s.stopAccepting()
	}
	d.err = s.awaitOrder()
	s.end(atOnce)
	if d.err == nil {
		<-s.stopped
	} else {
		s.awaitCut()
	}
	d.report = s.reportSince(&d.before)
	d.report.Took = time.Since(d.began)
	close(d.done)
	s.hookDrained(d.report, d.err)
}

// runs tells whether the server has been started.
func (s *Server) runs() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started && s.startErr == nil
}

// giveNotice waits for Close.Notice.
func (s *Server) giveNotice() {
	t := time.NewTimer(s.opts.Close.Notice)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.shutdown.cut:
	}
}

// awaitOrder returns when all connections have ended, or why it is not waited
// for that.
func (s *Server) awaitOrder() error {
	select {
	case <-s.empty:
		return nil
	case <-s.shutdown.cut:
		return s.shutdown.cause
	}
}

// cutLooks is how often, a millisecond apart, the drain looks whether the parts of
// the server have told what they have cut. One whose handler holds it does not.
// Looks are counted, and no time: while the system lets the process stand still,
// nobody could tell.
const cutLooks = 250

// cutPatience is the time of these looks.
const cutPatience = cutLooks * time.Millisecond

// awaitCut waits for them.
func (s *Server) awaitCut() {
	for range cutLooks {
		if s.allCut() {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (s *Server) allCut() bool {
	for _, n := range s.parts() {
		if !n.cuts.told.Load() {
			return false
		}
	}
	return true
}

// Names of functions, as they stand on the stack of a goroutine.
var (
	handlerCall = nameOf((*call).run)
	hookCalls   = strings.TrimSuffix(nameOf((*Server).hookClosed), "Closed")
)

func nameOf(function any) string {
	return runtime.FuncForPC(reflect.ValueOf(function).Pointer()).Name()
}

// withinOwnCall tells whether a handler or a hook is at work on the goroutine of
// the caller: what would wait for its end would wait for itself.
func withinOwnCall() bool {
	var pcs [64]uintptr
	for skip := 2; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		if n == 0 {
			return false
		}
		frames := runtime.CallersFrames(pcs[:n])
		for more := true; more; {
			var f runtime.Frame
			f, more = frames.Next()
			if f.Function == handlerCall || strings.HasPrefix(f.Function, hookCalls) {
				return true
			}
		}
	}
}
