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
