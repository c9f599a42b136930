package engine

import (
	"testing"
	"time"
)

// TestFileSlice: files go in small slices beside other answers, and for a while
// after them.
func TestFileSlice(t *testing.T) {
	const now = time.Minute
	for _, test := range []struct {
		name string
		r    *runner
		want int
	}{
		{"beside others", &runner{loop: &loop{now: now, plainAt: now}}, fileSlice},
		{"shortly after", &runner{loop: &loop{now: now, plainAt: now - fileAlone + 1}}, fileSlice},
		{"alone", &runner{loop: &loop{now: now, plainAt: now - fileAlone}}, fileSliceAlone},
		{"by a worker", &runner{}, fileSliceAlone},
	} {
		if got := test.r.sliceNow(); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}
