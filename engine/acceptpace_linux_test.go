package engine

import "testing"

// TestAcceptPace: one at a time while they come one at a time, as many as there
// are when there are many, and no surge takes more than a batch at a time.
func TestAcceptPace(t *testing.T) {
	var p acceptPace
	waiting, round, looks := 0, 0, 0
	event := func() {
		most := p.next(round)
		if most < 1 || most > acceptBatch {
			t.Fatalf("takes %d", most)
		}
		n := min(most, waiting)
		waiting -= n
		if p.took(n, n == most); n < most {
			looks++
		}
	}
	for range 100 {
		waiting, round = 1, round+2
		if event(); waiting != 0 || looks != 0 {
			t.Fatalf("%d wait after %d looks in vain", waiting, looks)
		}
	}
	waiting = 10_000
	rounds := 0
	for ; waiting > 0; rounds++ {
		round++
		event()
	}
	if rounds > 10_000/acceptBatch+40 {
		t.Errorf("%d rounds for a surge", rounds)
	}
	round++
	if event(); looks == 0 {
		t.Error("no look finds the end of a surge")
	}
	waiting, round = 1, round+2
	if event(); p.most != 1 {
		t.Errorf("takes %d after a pause", p.most)
	}
}
