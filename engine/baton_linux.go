package engine

import (
	"sync"
	"sync/atomic"
	"time"
)

// baton is the right to hold a loop while a handler runs on the goroutine that
// holds it. The watchdog takes it from a handler that keeps it too long.
//
// word is twice a count of handlers, plus one while a handler is at work. The
// holder makes it odd and, if it still is the same, even again; who takes the
// baton makes it even first, and the holder finds that it has lost.
type baton struct {
	word atomic.Uint64

	holder *runner // at work while word is odd
	link   *link   // that it is at work for

	taking sync.Mutex // held while the baton is taken
	seen   uint64     // the watchdog's: word at its last look
}

// enter is called before a handler. It returns what leave wants.
func (b *baton) enter(r *runner, l *link) (seq uint64) {
	if b.link != l || b.holder != r { // mostly they are the same: of a batch of requests
		b.holder, b.link = r, l
	}
	return b.word.Add(1)
}

// leave is called after a handler. It reports false if the baton has been taken.
func (b *baton) leave(seq uint64) bool {
	if b.word.CompareAndSwap(seq, seq+1) {
		return true
	}
	b.awaitTaker()
	return false
}

// awaitTaker returns when the taker has seen all that it wants of the request.
func (b *baton) awaitTaker() {
	b.taking.Lock()
	//lint:ignore SA2001 an empty section: it is waited for
	b.taking.Unlock()
}

// slowness is how a loop remembers that its handlers block: it gives requests to
// workers first, for a time that doubles while tries with handlers on the loop
// go on finding slow ones, and halves for each such time without one.
type slowness struct {
	window time.Duration // how long the last one was, or is
	until  time.Duration // it ends then
}

const (
	slowWindowMin = 8 * time.Millisecond
	slowWindowMax = 2 * time.Second
)

// stalled begins a window.
func (s *slowness) stalled(now time.Duration) {
	for quiet := now - s.until; s.window > slowWindowMin && quiet > s.window; quiet -= s.window {
		s.window /= 2
	}
	s.window = min(max(2*s.window, slowWindowMin), slowWindowMax)
	s.until = now + s.window
}

// lasts tells whether requests go to workers first.
func (s *slowness) lasts(now time.Duration) bool { return now < s.until }
