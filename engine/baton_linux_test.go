package engine

import (
	"runtime"
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
		held := true
		for length := uint64(1); ; {
			n := loop
			word := r.baton.enter()
			length = length*6364136223846793005 + 1442695040888963407
			for range length >> 54 { // so that it is met at every point of the handler
			}
			if length&(1<<53) != 0 {
				held = r.baton.held(word)
			}
			if !r.baton.leave(word) {
				return
			}
			if !held {
				t.Error("lost in the handler, and not when it left")
				return
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

// TestWatchdogSleepsOnlyWithoutHandlers has a handler enter while the watchdog
// falls asleep: one of both sees the other, or nobody would ever look at the handler.
func TestWatchdogSleepsOnlyWithoutHandlers(t *testing.T) {
	fence.Register()
	var (
		w            watchdog
		b            baton
		begun, ended atomic.Int64 // tries; begun is negative when there are no more
		awoke        bool         // the handler's side saw the watchdog asleep
	)
	until := func(n *atomic.Int64, want int64) (last bool) {
		for spins := 1; n.Load() != want; spins++ {
			if n.Load() < 0 {
				return true
			}
			if spins%1000 == 0 {
				runtime.Gosched()
			}
		}
		return false
	}
	go func() {
		for try := int64(1); !until(&begun, try); try++ {
			word := b.enter()
			awoke = w.asleep.Load()
			b.leave(word)
			ended.Store(try)
		}
	}()
	defer begun.Store(-1)
	end := time.Now().Add(time.Second)
	for try := int64(1); time.Now().Before(end); try++ {
		w.asleep.Store(false)
		before := atomic.LoadUint32(&b.word)
		begun.Store(try)
		for range try % 64 { // so that they meet at every point
		}
		w.asleep.Store(true)
		fence.All()
		met := atomic.LoadUint32(&b.word) != before
		until(&ended, try)
		if !met && !awoke {
			t.Fatalf("try %d: neither saw the other", try)
		}
	}
}
