package engine

import (
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/engine/internal/fence"
	"github.com/pollard-go/pollard/engine/internal/poll"
	"github.com/pollard-go/pollard/parser"
)

const (
	// watchTick is how often the watchdog looks while loops are busy: a handler
	// that it meets twice has held its loop for at least that long.
	watchTick = time.Millisecond
	// watchQuiet is how many looks without any handler at work it takes for the
	// watchdog to sleep.
	watchQuiet = 20
	// stallLogEvery is how often a stall is logged.
	stallLogEvery = time.Minute
)

// watchdog lets the loops of a server go on that a handler holds for too long.
// It is awake only while loops are busy.
type watchdog struct {
	srv    *Server
	asleep atomic.Bool
	wake   chan struct{}
	done   chan struct{}

	sleeper *poll.Sleeper // nil if there can be none
	parks   uint32        // of all loops, at the last tick

	logged time.Duration // when a stall was last logged
	unsaid int           // stalls since
}

func (w *watchdog) start(s *Server) {
	w.srv = s
	w.wake, w.done = make(chan struct{}, 1), make(chan struct{})
	go w.run()
}

// busy is called by a loop that wakes, and after a handler has entered: the
// watchdog may have gone to sleep since the loop woke. It costs a load of a
// shared word.
func (w *watchdog) busy() {
	if w.asleep.Load() && w.asleep.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
}

func (w *watchdog) run() {
	fence.Register() // here, since it takes a while
	var err error
	if w.sleeper, err = poll.NewSleeper(); err == nil {
		defer func() { _ = w.sleeper.Close() }()
	}
	for quiet := 0; ; {
		if quiet++; w.look() {
			quiet = 0
		}
		if quiet < watchQuiet {
			w.tick()
			continue
		}
		quiet = 0
		w.asleep.Store(true)
		fence.All()
		// A handler that entered meanwhile has seen it asleep, or is seen here.
		if w.look() && w.asleep.CompareAndSwap(true, false) {
			continue
		}
		select {
		case <-w.wake:
		case <-w.done:
			return
		}
	}
}

// tick lasts watchTick. While loops park again and again, a timer of the runtime's
// would cost each of those times; while they don't, the kernel's would be seen late.
func (w *watchdog) tick() {
	before := w.parks
	w.parks = 0
	for _, lp := range w.srv.loops {
		w.parks += lp.parks.Load()
	}
	if w.parks-before < 2 || w.sleeper == nil || w.sleeper.Sleep(watchTick) != nil {
		time.Sleep(watchTick)
	}
}

// look takes the loops of handlers that were at work at the last look already.
// It reports whether any loop has run a handler since.
func (w *watchdog) look() (active bool) {
	for _, lp := range w.srv.loops {
		r := lp.holder.Load()
		if r == nil {
			continue // between two
		}
		word := atomic.LoadUint32(&r.baton.word)
		if seen := (sighting{r, word}); seen != lp.seen {
			lp.seen, active = seen, true
			continue
		}
		if word&1 == 1 {
			active = true
			var stall Stall
			if r.baton.take(word, func() { stall = w.give(lp, r) }) {
				w.tell(w.srv.clock.now(), stall)
			}
		}
	}
	return active
}

// sighting is what the watchdog saw of a loop. A runner is at one loop while its
// word stays the same, so twice the same sighting is one handler all the time.
type sighting struct {
	holder *runner
	word   uint32
}

// give gives the loop of r, which has lost it and can't find out meanwhile, to
// another runner. All that r has lent is still there: its link, its request, and
// the loop, which nobody else touches.
func (w *watchdog) give(lp *loop, r *runner) Stall {
	stall := Stall{Loop: lp.index, Held: watchTick}
	if head := r.call.req.head; head != nil {
		stall.Method, stall.Target = string(head.Method()), target(head)
	}
	now := w.srv.clock.now()
	lp.slow.stalled(now)
	lp.handlers.took(watchTick)
	r.link.enter(StateHandling)
	r.link.owner = r
	r.link.word.Store(owned)
	r.link.watchOwned()
	lp.counters.stalls.Add(1)
	w.srv.crew.start(job{loop: lp})
	return stall
}

// target is bounded, since it goes to logs.
func target(head *parser.Request) string {
	t := head.Target()
	return string(t[:min(len(t), 256)])
}

// tell calls the hook and logs, in goroutines of their own, since either may wait
// for something that a handler holds. It logs at most one stall a minute: in a service whose
// handlers block now and then it is no more than news.
func (w *watchdog) tell(now time.Duration, s Stall) {
	if w.srv.opts.Hooks.Stalled != nil {
		go w.srv.hookStalled(s) // it must not hold the watchdog
	}
	w.unsaid++
	if w.logged != 0 && now-w.logged < stallLogEvery {
		return
	}
	go w.srv.opts.Logger.Info("engine: a handler holds an event loop, which gives requests to workers first for a while",
		"method", s.Method, "target", s.Target, "loop", s.Loop, "held", s.Held, "stalls", w.unsaid)
	w.logged, w.unsaid = max(now, 1), 0
}

func (w *watchdog) stop() { close(w.done) }
