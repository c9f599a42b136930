package main

import (
	"context"
	"math"
	"runtime"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/load"
	"github.com/pollard-go/pollard/benchmarks/internal/report"
)

// round is a turn of each server in a scenario.
type round struct {
	scenario load.Scenario
	number   int
	servers  []fleet.Server
}

// plan interleaves the servers (A B C A B C …), so that a machine that changes its speed changes it for all of them.
func plan(o *options, servers []fleet.Server) []round {
	var rounds []round
	for _, scenario := range o.scenarios {
		var those []fleet.Server
		for _, server := range servers {
			if server.Offers.Has(scenario.Needs) && o.wants(scenario, server) {
				those = append(those, server)
			}
		}
		for number := 1; number <= o.roundsOf(scenario) && len(those) > 0; number++ {
			rounds = append(rounds, round{scenario, number, those})
		}
	}
	return rounds
}

// measureAll makes the rounds, and keeps the results after each. An interrupt ends it with what there is until then.
func (c *comparison) measureAll(ctx context.Context, rounds []round, results *report.Results) {
	defer c.progress.end()
	forecast := newForecast(rounds, c.settings)
	repeats := make(map[string]int) // by scenario, those that were made
	results.Interrupted = true      // as long as rounds are missing
	for _, r := range rounds {
		stays := c.measureRound(ctx, r, forecast, results)
		c.keepSoFar(results)
		for ctx.Err() == nil && repeats[r.scenario.Name] < c.options.repeats && stays.noise(results) > report.NoisyCPUs {
			repeats[r.scenario.Name]++
			c.progress.note("%s, round %d: other programs used %.2f CPUs; once more", r.scenario.Name, r.number,
				stays.noise(results))
			forecast.repeat(r)
			again := c.measureRound(ctx, r, forecast, results)
			stays = quieter(results, stays, again, len(r.servers))
			c.keepSoFar(results)
		}
		if ctx.Err() != nil {
			return
		}
	}
	results.Interrupted = false
}

// keepSoFar writes what there is. The end of the comparison will tell if that fails for good.
func (c *comparison) keepSoFar(results *report.Results) {
	if err := c.keep(results); err != nil {
		c.progress.note("the results so far are not kept: %v", err)
	}
}

// attempt at a round: its runs are those of the results from the first index to before the second.
type attempt struct{ from, to int }

func (a attempt) runs(r *report.Results) []report.Run { return r.Runs[a.from:a.to] }

func (a attempt) noise(r *report.Results) float64 { return report.Noise(a.runs(r)) }

// measureRound measures each server once, and adds a run for each to the results: for fewer only if it is interrupted.
func (c *comparison) measureRound(ctx context.Context, r round, f *forecast, results *report.Results) attempt {
	from := len(results.Runs)
	for _, server := range r.servers {
		c.progress.show("%s %s, round %d: %s", f, r.scenario.Name, r.number, server.Name)
		start := time.Now()
		sample, err := c.measure(ctx, r.scenario, server)
		if ctx.Err() != nil {
			break
		}
		f.done(r.scenario, time.Since(start))
		run := report.Run{Scenario: r.scenario.Name, Server: server.Name, Round: r.number, Sample: sample}
		if err != nil {
			// What it may have measured before it failed is not of a run like the others.
			run.Failure, run.Sample = err.Error(), load.Sample{}
			c.progress.note("%s, round %d: %s failed: %v", r.scenario.Name, r.number, server.Name, err)
		}
		results.Runs = append(results.Runs, run)
	}
	return attempt{from, len(results.Runs)}
}

// quieter sets one of two attempts at the same round aside, and returns the other. It goes by the work of other programs
// alone and never by what was measured; an attempt that was interrupted does not count.
func quieter(results *report.Results, before, again attempt, servers int) attempt {
	stays, goes := again, before
	noise := again.noise(results)
	if again.to-again.from < servers || math.IsNaN(noise) || noise > before.noise(results) {
		stays, goes = before, again
	}
	for i := range goes.runs(results) {
		goes.runs(results)[i].SetAside = true
	}
	return stays
}

// measureOnce gives every turn a process of its own, so that none inherits another's heap.
func (c *comparison) measureOnce(ctx context.Context, scenario load.Scenario, server fleet.Server) (load.Sample, error) {
	built, err := c.workshop.Build(ctx, server.Program)
	if err != nil {
		return load.Sample{}, err
	}
	process, err := fleet.Start(ctx, server, built, c.options.serverCPU, c.launchFor(scenario))
	if err != nil {
		return load.Sample{}, err
	}
	defer process.Stop()
	// An interrupt ends the server at once: a client that waits for it then waits no longer.
	defer context.AfterFunc(ctx, process.Stop)()
	runtime.GC() // now rather than during the run
	return scenario.Load.Measure(ctx, process, c.settings)
}
