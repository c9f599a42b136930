package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/engine/internal/fence"
)

// baton is a runner's right to hold the loop that it has lent, while a handler
// runs on its goroutine. The watchdog takes it from a handler that keeps it too long.
//
// Each side stores a word of its own and looks at the other's, and who finds that
// the other has come asks, under mu, who was first. The runner does so twice for
// each request, and the watchdog seldom, so the runner's store is one of package
// fence.
type baton struct {
	word  uint32        // counts up: odd while a handler is at work. The runner stores it
	asked atomic.Uint32 // the word of the handler that it is asked from. The watchdog stores it

	mu    sync.Mutex // held while it is taken
	taken uint32     // the word of the handler that it was taken from
}

// enter is called before a handler. It returns what leave wants.
func (b *baton) enter() (word uint32) {
	word = b.word + 1
	fence.Publish(&b.word, word)
	return word
}

// leave is called after a handler. It reports false if the baton has been taken:
// then whoever took it has seen all that it wants of the request.
func (b *baton) leave(word uint32) bool {
	fence.Publish(&b.word, word+1)
	if b.asked.Load() != word {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	lost := b.taken == word
	b.asked.Store(0) // words come again, after a long time
	b.taken = 0
	return !lost
}

// held reports, in the handler, that the baton has not been taken from it.
func (b *baton) held(word uint32) bool {
	if b.asked.Load() != word {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken != word
}

// take takes the baton from the handler that word tells of, and calls use while
// the runner can't go on from it. It reports false if the handler has returned.
func (b *baton) take(word uint32, use func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked.Store(word)
	fence.All()
	// Either the runner's leaving is seen here, or ours by the runner when it leaves.
	if atomic.LoadUint32(&b.word) != word {
		b.asked.Store(0)
		return false
	}
	b.taken = word
	use()
	return true
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
