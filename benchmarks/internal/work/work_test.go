package work

import (
	"testing"
	"time"
)

func BenchmarkBurn(b *testing.B) {
	for b.Loop() {
		Burn()
	}
}

// The times are lower bounds: a busy machine may only make them longer.
func TestBeforeTakesItsTime(t *testing.T) {
	for path, least := range map[string]time.Duration{
		"/slow": SlowTime, "/sleep": SleepTime, "/burn": BurnTime / 4, "/": 0,
	} {
		start := time.Now()
		Before(path)
		if took := time.Since(start); took < least {
			t.Errorf("%s took %v, want at least %v", path, took, least)
		}
	}
}
