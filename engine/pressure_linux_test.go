package engine

import (
	"testing"
	"time"
)

// restingLoop is a loop with n links that rest, each since a time of its own.
func restingLoop(n int) *loop {
	srv := &Server{}
	srv.opts.Limits.ShedMinIdle = time.Second
	lp := &loop{srv: srv}
	srv.loops = []*loop{lp}
	for i := range n {
		l := lp.links.take(lp)
		l.fd = int32(i)
		l.conn.Init(&srv.config, time.Duration(1+i*7919%n)*time.Millisecond)
	}
	lp.now = time.Hour
	return lp
}

// TestLongestIdle: the list gives all links in order, although some become
// active and others end meanwhile, and is made anew only when it is used up.
func TestLongestIdle(t *testing.T) {
	const n = 5000 // several lists
	lp := restingLoop(n)
	var last time.Duration
	for i := 0; ; i++ {
		l, since := lp.longestIdle()
		if l == nil {
			if i < n*5/6 || since < time.Hour {
				t.Errorf("after %d: none since before %v", i, since)
			}
			break
		}
		if since < last || l.conn.Since() != since {
			t.Fatalf("since %v after %v", since, last)
		}
		last = since
		lp.rank.entries = lp.rank.entries[1:]
		lp.links.free(l)
		if i%7 == 0 && len(lp.rank.entries) > 10 { // one that would come later
			e := lp.rank.entries[9]
			lp.links.at(int(e.of.slot)).conn.Init(&lp.srv.config, lp.now)
		}
	}
	lp.now += 500 * time.Millisecond
	if l, _ := lp.longestIdle(); l != nil {
		t.Error("one that can't have been idle for long enough")
	}
	lp.now += 600 * time.Millisecond
	if l, since := lp.longestIdle(); l == nil || since != time.Hour {
		t.Errorf("the active ones are not found: %v since %v", l, since)
	}
}

// BenchmarkRankIdle is the look at all links that is made once in a while, and
// BenchmarkLongestIdle the one for each connection that gives way.
func BenchmarkRankIdle(b *testing.B) {
	lp := restingLoop(50_000)
	for b.Loop() {
		lp.rankIdle()
	}
}

func BenchmarkLongestIdle(b *testing.B) {
	lp := restingLoop(50_000)
	for b.Loop() {
		if l, _ := lp.longestIdle(); l == nil {
			b.StopTimer()
			lp.rankIdle()
			b.StartTimer()
			continue
		}
		lp.rank.entries = lp.rank.entries[1:]
	}
}
