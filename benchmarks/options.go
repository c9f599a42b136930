package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/load"
	"github.com/pollard-go/pollard/benchmarks/internal/procfs"
	"github.com/pollard-go/pollard/benchmarks/internal/report"
)

// options is the command line, checked.
type options struct {
	servers    []fleet.Server
	scenarios  []load.Scenario
	runs       int
	repeats    int
	duration   time.Duration
	warmUp     time.Duration
	idleCount  int
	idleWindow time.Duration
	serverCPU  int
	clientCPU  int
	resultsDir string
	chartsDir  string
	// renderFile is a file of earlier results to show instead of measuring; "": measure.
	renderFile string
	// serversSet and runsSet tell that the command line names them, which then count for all scenarios.
	serversSet, runsSet bool
}

// quick is for seeing that everything works; its figures are rough.
var quick = options{runs: 1, repeats: 0, duration: time.Second, warmUp: 0, idleCount: 1000, idleWindow: time.Second}

func parseOptions(flags *flag.FlagSet, args []string) (*options, error) {
	var o options
	var servers, scenarios string
	var isQuick bool
	flags.StringVar(&servers, "servers", "all", "comma-separated servers: "+strings.Join(serverNames(), ", "))
	flags.StringVar(&scenarios, "scenarios", "all", "comma-separated scenarios: "+strings.Join(scenarioNames(), ", "))
	flags.IntVar(&o.runs, "runs", 3, "rounds; each measures every server once")
	flags.IntVar(&o.repeats, "repeats", 2, fmt.Sprintf("rounds of each scenario that are made again at most, because other programs "+
		"used more than %.1f CPUs; 0: none", report.NoisyCPUs))
	flags.DurationVar(&o.duration, "duration", 2*time.Second, "length of one run, in whole seconds")
	flags.DurationVar(&o.warmUp, "warm-up", time.Second, "length of the load before each run, in whole seconds; 0: none")
	flags.IntVar(&o.idleCount, "idle-connections", 15000, "connections of the idle scenario")
	flags.DurationVar(&o.idleWindow, "idle-window", 5*time.Second, "how long the idle scenario watches the server")
	serverCPU, clientCPU := procfs.TwoCPUs()
	flags.IntVar(&o.serverCPU, "server-cpu", serverCPU, "the CPU for the servers")
	flags.IntVar(&o.clientCPU, "client-cpu", clientCPU, "the CPU for wrk")
	flags.StringVar(&o.resultsDir, "results", "results", "directory for the raw results, relative to the module")
	flags.StringVar(&o.chartsDir, "charts", "charts", "with -render: directory for the charts that the READMEs show, relative to the module")
	flags.StringVar(&o.renderFile, "render", "", "`file` of raw results: measure nothing, but make its report and charts and put its figures into the READMEs")
	flags.BoolVar(&isQuick, "quick", false, "short runs, few idle connections: a rough look; other flags still count")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	flags.Visit(func(f *flag.Flag) {
		o.serversSet = o.serversSet || f.Name == "servers"
		o.runsSet = o.runsSet || f.Name == "runs"
	})
	if isQuick {
		o.runsSet = true
		o.hurry(flags)
	}
	var err error
	if o.servers, err = choose("server", servers, fleet.Table(), func(s fleet.Server) string { return s.Name }); err != nil {
		return nil, err
	}
	o.scenarios, err = choose("scenario", scenarios, load.Scenarios(), func(s load.Scenario) string { return s.Name })
	if err != nil {
		return nil, err
	}
	return &o, o.check(flags.Args())
}

// hurry takes the quick values for what the command line does not set.
func (o *options) hurry(flags *flag.FlagSet) {
	set := make(map[string]bool)
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	take := func(name string, assign func()) {
		if !set[name] {
			assign()
		}
	}
	take("runs", func() { o.runs = quick.runs })
	take("repeats", func() { o.repeats = quick.repeats })
	take("duration", func() { o.duration = quick.duration })
	take("warm-up", func() { o.warmUp = quick.warmUp })
	take("idle-connections", func() { o.idleCount = quick.idleCount })
	take("idle-window", func() { o.idleWindow = quick.idleWindow })
}

func (o *options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.runs < 1:
		return fmt.Errorf("-runs %d: at least 1", o.runs)
	case o.repeats < 0:
		return fmt.Errorf("-repeats %d: 0 or more", o.repeats)
	case o.duration < time.Second || o.duration%time.Second != 0:
		return fmt.Errorf("-duration %v: whole seconds, as wrk wants them", o.duration)
	case o.warmUp < 0 || o.warmUp%time.Second != 0:
		return fmt.Errorf("-warm-up %v: whole seconds, as wrk wants them", o.warmUp)
	case o.idleCount < 1:
		return fmt.Errorf("-idle-connections %d: at least 1", o.idleCount)
	case o.serverCPU == o.clientCPU:
		return fmt.Errorf("-server-cpu and -client-cpu are both %d: they need a CPU each", o.serverCPU)
	}
	return nil
}

// roundsOf returns how often each server is measured in a scenario.
func (o *options) roundsOf(s load.Scenario) int {
	if s.Rounds > 0 && !o.runsSet {
		return s.Rounds
	}
	return o.runs
}

// wants tells whether a server is to be measured in a scenario that it can be put under.
func (o *options) wants(scenario load.Scenario, server fleet.Server) bool {
	return o.serversSet || scenario.Peers == nil || slices.ContainsFunc(scenario.Peers, func(pattern string) bool {
		return matches(pattern, server.Name)
	})
}

// takesPart tells whether any of the scenarios is for the server.
func (o *options) takesPart(server fleet.Server) bool {
	return slices.ContainsFunc(o.scenarios, func(s load.Scenario) bool {
		return server.Offers.Has(s.Needs) && o.wants(s, server)
	})
}

// matches tells whether a name is meant by a pattern: itself, or with a "*" at the end all that begin so.
func matches(pattern, name string) bool {
	prefix, isPrefix := strings.CutSuffix(pattern, "*")
	return name == pattern || isPrefix && strings.HasPrefix(name, prefix)
}

// choose returns the items whose names are in the comma-separated list, in their table's order. "all" is all of them; a
// name that ends in "*" stands for all that begin so.
func choose[T any](kind, list string, table []T, name func(T) string) ([]T, error) {
	if list == "all" {
		return table, nil
	}
	wanted := make(map[int]bool)
	for pattern := range strings.SplitSeq(list, ",") {
		found := false
		for i, item := range table {
			if matches(pattern, name(item)) {
				wanted[i], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no %s is called %q", kind, pattern)
		}
	}
	var chosen []T
	for i, item := range table {
		if wanted[i] {
			chosen = append(chosen, item)
		}
	}
	return slices.Clip(chosen), nil
}

func serverNames() []string {
	var names []string
	for _, s := range fleet.Table() {
		names = append(names, s.Name)
	}
	return names
}

func scenarioNames() []string {
	var names []string
	for _, s := range load.Scenarios() {
		names = append(names, s.Name)
	}
	return names
}
