package main

import (
	"fmt"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/load"
)

// forecast tells how long the turns that are left will take: as long as those of the same scenario took so far, or as
// load.Guess says before there is one.
type forecast struct {
	scenarios map[string]*expected
	turns     int
	ended     int
}

// expected is what a scenario's turns are expected to take.
type expected struct {
	guess time.Duration
	left  int
	made  int
	took  time.Duration
}

func newForecast(rounds []round, s load.Settings) *forecast {
	f := &forecast{scenarios: make(map[string]*expected)}
	for _, r := range rounds {
		if f.scenarios[r.scenario.Name] == nil {
			f.scenarios[r.scenario.Name] = &expected{guess: load.Guess(r.scenario.Load, s)}
		}
		f.repeat(r)
	}
	return f
}

// repeat adds the turns of a round.
func (f *forecast) repeat(r round) {
	f.scenarios[r.scenario.Name].left += len(r.servers)
	f.turns += len(r.servers)
}

// done notes how long a turn took.
func (f *forecast) done(scenario load.Scenario, took time.Duration) {
	e := f.scenarios[scenario.Name]
	e.left--
	e.made++
	e.took += took
	f.ended++
}

// left returns the time for all turns that are not done.
func (f *forecast) left() time.Duration {
	var all time.Duration
	for _, e := range f.scenarios {
		each := e.guess
		if e.made > 0 {
			each = e.took / time.Duration(e.made)
		}
		all += time.Duration(e.left) * each
	}
	return all
}

// String is for a turn that begins.
func (f *forecast) String() string {
	return fmt.Sprintf("%d/%d, %v left:", f.ended+1, f.turns, f.left().Round(time.Second))
}
