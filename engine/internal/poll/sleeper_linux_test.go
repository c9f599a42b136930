package poll

import (
	"testing"
	"time"
)

func TestSleeper(t *testing.T) {
	s, err := NewSleeper()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []time.Duration{time.Millisecond, 20 * time.Millisecond, time.Millisecond, 1} {
		began := time.Now()
		if err := s.Sleep(d); err != nil {
			t.Fatal(err)
		}
		if slept := time.Since(began); slept < d {
			t.Errorf("slept %v of %v", slept, d)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
