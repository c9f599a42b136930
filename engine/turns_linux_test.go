package engine

import "testing"

// However often a link is to have another turn, it has one: a peer for which both
// sending and receiving go on would otherwise have more turns each time.
func TestOneTurnAtATime(t *testing.T) {
	var lp loop
	a, b := lp.links.take(&lp), lp.links.take(&lp)
	for range 3 {
		lp.again(a)
	}
	lp.again(b)
	if n := lp.turns.len(); n != 2 {
		t.Errorf("%d turns for two links", n)
	}
}

// While memory is short, the connections that wait for it don't take turns all the
// time: there may be as many as Limits.Connections.
func TestPausedLookByTurns(t *testing.T) {
	lp := loop{srv: new(Server)}
	lp.srv.budget.init(1000)
	lp.srv.budget.used.Store(1000)
	links := make([]*link, 5*pauseLooks)
	for i := range links {
		links[i] = lp.links.take(&lp)
		lp.pause(links[i])
		lp.pause(links[i])
	}
	lp.wakePaused()
	if n := lp.turns.len(); n != 0 {
		t.Errorf("%d turns before the time", n)
	}
	for round := range 3 {
		lp.now += pauseTime
		lp.wakePaused()
		lp.wakePaused()
		if n := lp.turns.len(); n != pauseLooks {
			t.Fatalf("%d turns", n)
		}
		for i := range pauseLooks {
			if l := lp.turns.pop(); l != links[round*pauseLooks+i] {
				t.Fatal("out of order")
			}
		}
	}
	lp.srv.budget.used.Store(0)
	lp.now += pauseTime
	lp.wakePaused()
	if n := lp.turns.len(); n != 2*pauseLooks || lp.paused.len() != 0 {
		t.Errorf("%d turns, %d wait", n, lp.paused.len())
	}
}
