package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestOldest(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, room := range []int{1, 2, 3, 100} {
		for _, n := range []int{0, 1, room, room + 1, 10 * room} {
			o := oldest[int]{room: room}
			var all []time.Duration
			for i := range n {
				all = append(all, time.Duration(random.IntN(n)))
				o.show(all[i], i)
			}
			if o.full() != (n >= room) {
				t.Errorf("room %d, %d shown: full is %v", room, n, o.full())
			}
			want := slices.Sorted(slices.Values(all))
			want = want[:min(room, n)]
			if o.full() && o.youngest() != want[room-1] {
				t.Errorf("room %d, %d shown: the youngest since %v", room, n, o.youngest())
			}
			var got []time.Duration
			for _, e := range o.inOrder() {
				if all[e.of] != e.since {
					t.Errorf("%d since %v, not %v", e.of, all[e.of], e.since)
				}
				got = append(got, e.since)
			}
			if !slices.Equal(got, want) {
				t.Errorf("room %d, %d shown: %v", room, n, got)
			}
		}
	}
}
