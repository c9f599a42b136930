package engine

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine/internal/fence"
)

// TestBatonHasOneHolder has one goroutine after the other hold a loop, which here
// is a plain number, while another takes it as often as it can. Whoever has the
// loop counts in two steps; if two ever had it at once a count would be lost.
func TestBatonHasOneHolder(t *testing.T) {
	fence.Register()
	var (
		loop     int64 // the holder's
		rounds   atomic.Int64
		takes    int
		current  atomic.Pointer[runner]
		finished = make(chan struct{})
	)
	hold := func(r *runner) {
		current.Store(r)
		for range 200_000_000 {
			n := loop
			word := r.baton.enter()
			held := r.baton.held(word)
			if !r.baton.leave(word) {
				return
			}
			if !held {
				t.Error("lost in the handler, and not when it left")
			}
			if loop != n {
				t.Error("another held it meanwhile")
				return
			}
			loop = n + 1
			rounds.Add(1)
			select {
			case <-finished:
				return
			default:
			}
		}
	}
	done := make(chan struct{}, 1)
	start := func() {
		go func() {
			hold(new(runner))
			done <- struct{}{}
		}()
	}
	start()
	for end := time.Now().Add(time.Second); time.Now().Before(end) || takes == 0; {
		r := current.Load()
		if r == nil {
			continue
		}
		word := atomic.LoadUint32(&r.baton.word)
		if word&1 == 1 && r.baton.take(word, func() {
			current.Store(nil)
			start()
		}) {
			takes++
			<-done
		}
	}
	close(finished)
	<-done
	if loop != rounds.Load() {
		t.Errorf("%d rounds, %d counted", rounds.Load(), loop)
	}
	t.Logf("%d rounds, taken %d times", rounds.Load(), takes)
}
