package engine_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// drainWithin drains and returns the report.
func (f *fixture) drainWithin(limit time.Duration) (engine.DrainReport, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return f.Drain(ctx)
}

// total is how many connections a report is about, as it says and as it has them.
func total(r *engine.DrainReport) (said, counted int64) {
	for _, n := range r.Ended {
		counted += n
	}
	return r.Open + r.Accepted, counted + r.Cuts()
}

// adds checks that a report adds up.
func adds(t *testing.T, r *engine.DrainReport) {
	t.Helper()
	if said, counted := total(r); said != counted {
		t.Errorf("%d connections, %d accounted for: %+v", said, counted, *r)
	}
}

// TestNotice: the server says that it will end, and serves until the notice is
// over; what comes in that time is answered like anything else.
func TestNotice(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		// On a machine that is too slow to see the notice it has to last longer.
		for o.Close.Notice = 200 * time.Millisecond; !seesNotice(t, o); o.Close.Notice *= 2 {
		}
	})
}

// seesNotice reports false if the notice was over before all could be tried.
func seesNotice(t *testing.T, o engine.Options) (inTime bool) {
	t.Helper()
	t.Run(o.Close.Notice.String(), func(t *testing.T) {
		told := make(chan struct{})
		o.Hooks.Draining = func() { close(told) }
		f := serve(t, o, hello)
		c := f.dial()
		c.get("/")
		c.wants(200, "hello")
		if f.Draining() {
			t.Error("drains before")
		}
		began := time.Now()
		reported := make(chan engine.DrainReport, 1)
		go func() {
			r, err := f.drainWithin(patience)
			if err != nil {
				t.Error(err)
			}
			reported <- r
		}()
		<-told
		if !f.Draining() {
			t.Error("does not tell that it drains")
		}
		fresh, err := net.DialTimeout("tcp", f.addr, patience)
		if inTime = time.Since(began) < o.Close.Notice; err != nil {
			if inTime {
				t.Errorf("a connection during the notice: %v", err)
			}
			_ = c.Close()
			<-reported
			return
		}
		for _, c := range []*client{c, clientOf(t, fresh)} {
			c.get("/")
			a := c.wants(200, "hello")
			if inTime = inTime && time.Since(began) < o.Close.Notice; a.Close && inTime {
				t.Error("an answer during the notice says that it is the last")
			}
		}
		f.refuses()
		if d := time.Since(began); d < o.Close.Notice {
			t.Errorf("refuses after %v", d)
		}
		_ = c.Close()
		_ = fresh.Close()
		if r := <-reported; r.Took < o.Close.Notice {
			t.Errorf("%+v", r)
		}
	})
	return inTime || t.Failed()
}

// TestNoticeCut: the notice lasts no longer than the context.
func TestNoticeCut(t *testing.T) {
	o := engine.Options{}
	o.Close.Notice = time.Hour
	f := serve(t, o, hello)
	c := f.dial()
	c.get("/")
	c.wants(200, "hello")
	r, err := f.drainWithin(50 * time.Millisecond)
	if !errors.Is(err, context.DeadlineExceeded) || r.Cut[engine.StateIdle] != 1 {
		t.Errorf("%v, %+v", err, r)
	}
	adds(t, &r)
}

// TestDrainReport: in order, everything has ended for its reason.
func TestDrainReport(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, hello)
		idle, asks, gone := f.dial(), f.dial(), f.dial()
		gone.get("/")
		gone.wants(200, "hello")
		_ = gone.Close()
		f.booksAgree(2)
		ended := make(chan engine.DrainReport, 1)
		go func() {
			r, err := f.drainWithin(patience)
			if err != nil {
				t.Error(err)
			}
			ended <- r
		}()
		f.refuses()
		asks.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		asks.wants(200, "hello")
		_ = asks.Close()
		idle.ended()
		_ = idle.Close()
		r := <-ended
		adds(t, &r)
		// The dials of refuses come and go at any time.
		want := engine.DrainReport{Took: r.Took, Open: 2 + r.Ended[conn.ReasonPeerClosed] - r.Accepted, Accepted: r.Accepted, Requests: 1}
		want.States[engine.StateIdle] = want.Open
		want.Ended = r.Ended
		if r != want || r.Ended[conn.ReasonPeerAsked] != 1 || r.Ended[conn.ReasonDrain] != 1 || r.Cuts() != 0 {
			t.Errorf("%+v", r)
		}
		again, err := f.Drain(context.Background())
		if again != r || err != nil {
			t.Errorf("again: %+v, %v", again, err)
		}
	})
}

// TestDrainReportCuts: what is cut is told by what it was doing, and what is lost
// by how much. The lingering one ends in order.
func TestDrainReportCuts(t *testing.T) {
	for _, exact := range []bool{false, true} {
		inModes(t, func(t *testing.T, o engine.Options) {
			o.Close.Hold, o.Close.DrainLinger = time.Hour, -1
			if exact {
				o.Hooks.StateChanged = func(engine.ConnInfo, engine.ConnState, engine.ConnState) {}
			}
			told := make(chan engine.DrainReport, 1)
			o.Hooks.Drained = func(r engine.DrainReport, err error) {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("told %v", err)
				}
				told <- r
			}
			m := newMenagerie(t, o)
			want := engine.DrainReport{Open: 6, UnsentBytes: 1}
			if o.Dispatch.Mode == engine.ModeInline {
				_ = m.clients[engine.StateHandling].Close()
				m.settles(engine.StateHandling)
				want.Open = 5
			} else {
				m.clients[engine.StateHandling].get("/wait")
				m.settles()
			}
			want.States = m.Stats().States
			want.Cut = want.States
			r, err := m.drainWithin(50 * time.Millisecond)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			adds(t, &r)
			if r.UnsentBytes < bigFile/8 || r.UnsentBytes > bigFile+200 {
				t.Errorf("%d bytes unsent", r.UnsentBytes)
			}
			want.UnsentBytes, want.Took = r.UnsentBytes, r.Took
			if r != want {
				t.Errorf("%+v\nwant %+v", r, want)
			}
			if h := <-told; h != r {
				t.Errorf("the hook was told %+v", h)
			}
			m.end()
			m.booksAgree(0)
			if s := m.Stats(); s.Accepted != sum(s) {
				t.Errorf("%+v", s)
			}
		})
	}
}

// TestDrainReportQueued: requests that wait for a worker are cut without a
// handler being called.
func TestDrainReportQueued(t *testing.T) {
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModePooled, Workers: 1, Queue: 10}}
	leave := make(chan struct{})
	var calls atomic.Int64
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		calls.Add(1)
		<-leave
		hello(w, r)
	})
	for range 4 {
		f.dial().get("/")
	}
	if !within(patience, func() bool { return f.Stats().Queued == 3 }) {
		t.Fatal("not queued")
	}
	r, err := f.drainWithin(50 * time.Millisecond)
	if !errors.Is(err, context.DeadlineExceeded) || r.Dropped != 3 || r.Cut[engine.StateHandling] != 4 {
		t.Errorf("%v, %+v", err, r)
	}
	adds(t, &r)
	if !within(patience, func() bool { return f.Stats().Open == 1 }) {
		t.Errorf("dropped ones are still open: %+v", f.Stats())
	}
	close(leave)
	f.booksAgree(0)
	if n := calls.Load(); n != 1 {
		t.Errorf("%d handlers were called", n)
	}
}

// TestDrainHeldLoop: a handler that holds its loop for ever keeps neither the
// drain from its end nor Serve from returning, and is told of.
func TestDrainHeldLoop(t *testing.T) {
	aboutLoops(t)
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModeInline, Loops: 1}}
	entered, leave := make(chan struct{}), make(chan struct{})
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		close(entered)
		<-leave
		hello(w, r)
	})
	other := f.dial()
	f.booksAgree(1)
	held := f.dial()
	held.get("/")
	<-entered
	r, err := f.drainWithin(50 * time.Millisecond)
	if !errors.Is(err, context.DeadlineExceeded) || r.Unreached != 2 || r.Cuts() != 2 {
		t.Errorf("%v, %+v", err, r)
	}
	adds(t, &r)
	select {
	case err := <-f.served:
		f.served <- err
	case <-time.After(patience):
		t.Error("Serve does not return")
	}
	if c, err := net.DialTimeout("tcp", f.addr, time.Second); err == nil {
		_ = c.Close()
		t.Error("it still listens")
	}
	close(leave)
	_, _ = other.rest()
	f.booksAgree(0)
	// The one whose handler returned may have had its answer.
	if s := f.Stats(); s.Closed[conn.ReasonServer]+s.Closed[conn.ReasonDrain] != 2 {
		t.Errorf("%v", s.Closed)
	}
}

// TestDrainFromHandler: it begins, and the handler's answer is a part of it.
func TestDrainFromHandler(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		reports := make(chan engine.DrainReport, 1)
		o.Hooks.Drained = func(r engine.DrainReport, err error) {
			if err != nil {
				t.Error(err)
			}
			reports <- r
		}
		var f *fixture
		serving := make(chan struct{})
		f = serve(t, o, func(w *engine.Response, r *engine.Request) {
			<-serving
			if string(r.Path()) == "/end" {
				// The request's context ends when this returns: that cuts nothing.
				ctx, cancel := context.WithTimeout(r.Context(), patience)
				defer cancel()
				for _, end := range []func() error{
					func() error { return f.Shutdown(ctx) },
					func() error { _, err := f.Drain(context.Background()); return err },
				} {
					if err := end(); !errors.Is(err, engine.ErrDraining) {
						t.Errorf("in a handler: %v", err)
					}
				}
			}
			hello(w, r)
		})
		close(serving)
		c, other := f.dial(), f.dial()
		other.get("/")
		other.wants(200, "hello")
		c.get("/end")
		if a := c.wants(200, "hello"); !a.Close || !f.Draining() {
			t.Error("it does not drain")
		}
		other.ended()
		_ = c.Close()
		_ = other.Close()
		r := <-reports
		adds(t, &r)
		if r.Open != 2 || r.Cuts() != 0 {
			t.Errorf("%+v", r)
		}
		if err := f.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// TestDrainByGoroutineOfHandler waits for the end, as anybody who is no handler.
func TestDrainByGoroutineOfHandler(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		var f *fixture
		ended, serving := make(chan error, 1), make(chan struct{})
		f = serve(t, o, func(w *engine.Response, r *engine.Request) {
			<-serving
			go func() { ended <- f.Shutdown(context.Background()) }()
			hello(w, r)
		})
		close(serving)
		c := f.dial()
		c.get("/")
		c.wants(200, "hello")
		_ = c.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := f.Stats().Open; n != 0 {
			t.Errorf("%d open", n)
		}
	})
}

// TestDrainTogether: all who call get the same report, and each its own error.
func TestDrainTogether(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Close.Hold = time.Hour
		f := serve(t, o, hello)
		cs := []*client{f.dial(), f.dial()}
		f.booksAgree(2)
		var wg sync.WaitGroup
		reports := make([]engine.DrainReport, 4)
		for i := range reports {
			wg.Add(1)
			go func() {
				defer wg.Done()
				limit := patience
				if i == 1 {
					limit = 50 * time.Millisecond
				}
				var err error
				if reports[i], err = f.drainWithin(limit); errors.Is(err, context.DeadlineExceeded) != (i == 1) {
					t.Errorf("%d: %v", i, err)
				}
			}()
		}
		wg.Wait()
		for _, r := range reports {
			if r != reports[0] || r.Cut[engine.StateIdle] != 2 {
				t.Errorf("%+v", r)
			}
		}
		adds(t, &reports[0])
		for _, c := range cs {
			c.ended()
		}
	})
}

// TestCloseDuringDrain cuts it.
func TestCloseDuringDrain(t *testing.T) {
	for _, notice := range []time.Duration{0, time.Hour} {
		inModes(t, func(t *testing.T, o engine.Options) {
			o.Close.Hold, o.Close.Notice = time.Hour, notice
			begun := make(chan struct{})
			o.Hooks.Draining = func() { close(begun) }
			f := serve(t, o, hello)
			c := f.dial()
			f.booksAgree(1)
			reported := make(chan engine.DrainReport, 1)
			go func() {
				r, err := f.drainWithin(patience)
				if err != nil {
					t.Error(err)
				}
				reported <- r
			}()
			<-begun
			if notice == 0 {
				f.refuses()
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			c.ended()
			r := <-reported
			adds(t, &r)
			if r.Cuts() == 0 && notice == 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestSilentPeer: one that has got everything and does not end its side holds up
// the shutdown for no longer than DrainLinger.
func TestSilentPeer(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Close.Hold, o.Close.DrainLinger, o.Close.LingerIdle = -1, 100*time.Millisecond, time.Hour
		f := serve(t, o, hello)
		silent, lingers := f.dial(), f.dial()
		silent.get("/")
		silent.wants(200, "hello")
		lingers.send("BROKEN\r\n")
		_ = lingers.answer()
		f.booksAgree(2)
		began := time.Now()
		r, err := f.drainWithin(patience)
		if err != nil || r.Cuts() != 0 || time.Since(began) > patience/2 {
			t.Errorf("%v after %v: %+v", err, time.Since(began), r)
		}
		adds(t, &r)
	})
}

// TestDrainReportHijacked: what a handler has taken is left alone, and told.
func TestDrainReportHijacked(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, r *engine.Request) { go echo(takes(t, w)) })
		c := f.dial()
		c.get("/")
		c.echoes("before")
		r, err := f.drainWithin(patience)
		if err != nil || r.Hijacked != 1 || r.Open != 0 || r.Cuts() != 0 {
			t.Errorf("%v, %+v", err, r)
		}
		adds(t, &r)
		c.echoes("after")
		_ = c.Close()
		if !within(patience, func() bool { return f.Stats().States[engine.StateHijacked] == 0 }) {
			t.Errorf("%+v", f.Stats())
		}
	})
}
