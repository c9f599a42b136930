package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/timers"
)

// alarm is the timer of a stream without a goroutine.
type alarm struct {
	node  timers.Node[stream]
	armed atomic.Int64 // when it fires, in time since the epoch; 0: not scheduled
}

// alarms drive the wheel of all of them. Timers are lazy: activity only moves the
// deadline, which is looked at when the old one fires.
type alarms struct {
	mu      sync.Mutex
	wheel   timers.Wheel[stream]
	next    time.Duration // when the goroutine wakes by itself
	running bool
	wake    chan struct{}
	clock   *clock
}

// set has the alarm ring not later than the connection's deadline.
func (a *alarm) set(s *stream) {
	if a == nil {
		return
	}
	when, kind := s.c.Deadline()
	armed := time.Duration(a.armed.Load())
	if kind == conn.NoDeadline || armed != 0 && armed <= when {
		return
	}
	a.armed.Store(int64(max(when, 1)))
	s.srv.streams.alarms.schedule(&a.node, when)
}

func (a *alarm) cancel(s *stream) {
	if a == nil {
		return
	}
	w := &s.srv.streams.alarms
	w.mu.Lock()
	w.wheel.Cancel(&a.node)
	w.mu.Unlock()
}

func (w *alarms) init(c *clock) {
	w.clock, w.wake = c, make(chan struct{}, 1)
	w.wheel.Init(c.now())
}

func (w *alarms) schedule(n *timers.Node[stream], when time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wheel.Schedule(n, when)
	switch {
	case !w.running:
		w.running = true
		go w.run()
	case when < w.next:
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// run rings. It ends when nothing is scheduled.
func (w *alarms) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-w.wake:
		}
		rung, next := w.expired()
		for _, s := range rung {
			s.tell(streamTimer)
		}
		if next == 0 {
			return
		}
		timer.Reset(next - w.clock.now())
	}
}

// expired takes those out whose time has come. next is when to look again; 0: none
// is left.
func (w *alarms) expired() (rung []*stream, next time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.clock.now()
	for n := w.wheel.Expire(now); n != nil; n = w.wheel.Expire(now) {
		n.Owner.alarm.armed.Store(0)
		rung = append(rung, n.Owner)
	}
	next, w.running = w.wheel.NextWake()
	w.next = next
	return rung, next
}
