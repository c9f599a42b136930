package report

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/load"
)

// Results is everything about one invocation of the harness.
type Results struct {
	Machine   Machine    `json:"machine"`
	Revision  string     `json:"revision,omitempty"`
	Start     time.Time  `json:"start"`
	Servers   []Server   `json:"servers"`
	Scenarios []Scenario `json:"scenarios"`
	// Rounds is how often each server is measured in a scenario that has no number of its own.
	Rounds   int           `json:"rounds"`
	Duration time.Duration `json:"duration_ns"`
	// Interrupted tells that some runs were not made, or not yet.
	Interrupted bool  `json:"interrupted,omitempty"`
	Runs        []Run `json:"runs"`
}

// Machine is where the results come from.
type Machine struct {
	CPU    string `json:"cpu"`
	CPUs   int    `json:"cpus"`
	Kernel string `json:"kernel"`
}

// Server is a measured server, or one that could not be had and why.
type Server struct {
	Name    string `json:"name"`
	About   string `json:"about"`
	Version string `json:"version,omitempty"`
	Skipped string `json:"skipped,omitempty"`
	// ProgramBytes is the size of the executable alone.
	ProgramBytes int64 `json:"program_bytes,omitempty"`
}

// Scenario is a measured scenario.
type Scenario struct {
	Name  string `json:"name"`
	About string `json:"about"`
	// Slow tells that handlers take their time, so that requests per second say more than CPU time; Close that each
	// request has a connection of its own.
	Slow  bool `json:"slow,omitempty"`
	Close bool `json:"close,omitempty"`
	// Flow tells that bytes per second count.
	Flow bool `json:"flow,omitempty"`
	// Rounds is how often each server was to be measured; 0 in results of old.
	Rounds int `json:"rounds,omitempty"`
}

// Run is one measurement of one server in one scenario: a sample, or why there is none.
type Run struct {
	Scenario string `json:"scenario"`
	Server   string `json:"server"`
	Round    int    `json:"round"`
	Failure  string `json:"failure,omitempty"`
	// SetAside tells that the run is in no figure, since its round was disturbed by other programs and made again.
	SetAside bool `json:"set_aside,omitempty"`
	load.Sample
}

// JSON returns the results as indented JSON.
func (r *Results) JSON() ([]byte, error) {
	return json.MarshalIndent(r, "", "\t")
}

// of returns the runs of a server in a scenario that count, by round.
func (r *Results) of(scenario, server string) []Run {
	var runs []Run
	for _, run := range r.Runs {
		if run.Scenario == scenario && run.Server == server && !run.SetAside {
			runs = append(runs, run)
		}
	}
	slices.SortFunc(runs, func(a, b Run) int { return a.Round - b.Round })
	return runs
}
