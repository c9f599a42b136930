package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/load"
	"github.com/pollard-go/pollard/benchmarks/internal/material"
	"github.com/pollard-go/pollard/benchmarks/internal/procfs"
	"github.com/pollard-go/pollard/benchmarks/internal/report"
)

// comparison is one invocation: the servers that could be built, and the scenarios to put them under.
type comparison struct {
	options  *options
	workshop fleet.Workshop
	settings load.Settings
	launch   fleet.Launch
	progress *progress
	// measure makes one run; keep writes the results so far, which must not be touched meanwhile.
	measure func(context.Context, load.Scenario, fleet.Server) (load.Sample, error)
	keep    func(*report.Results) error
}

func newComparison(o *options, root, dir string) (*comparison, error) {
	if _, err := exec.LookPath("taskset"); err != nil {
		return nil, errors.New("taskset is not installed; it gives server and client a CPU each (package util-linux)")
	}
	allowed, err := procfs.AllowedCPUs()
	if err != nil {
		return nil, err
	}
	for _, cpu := range []int{o.serverCPU, o.clientCPU} {
		if !slices.Contains(allowed, cpu) {
			return nil, fmt.Errorf("CPU %d is not among %v, those that this machine offers", cpu, allowed)
		}
	}
	c := &comparison{
		options:  o,
		workshop: fleet.Workshop{Root: root, Bin: dir},
		settings: load.Settings{
			Root: root, Dir: dir, ClientCPU: o.clientCPU,
			Duration: o.duration, WarmUp: o.warmUp,
			IdleConnections: o.idleCount, IdleWindow: o.idleWindow,
		},
		progress: newProgress(os.Stderr),
	}
	c.measure = c.measureOnce
	if slices.ContainsFunc(o.scenarios, func(s load.Scenario) bool { return load.NeedsWrk(s.Load) }) {
		var err error
		if c.settings.WrkPath, err = load.FindWrk(); err != nil {
			return nil, err
		}
	}
	return c, c.prepare(dir)
}

// prepare makes what the chosen scenarios have servers work with.
func (c *comparison) prepare(dir string) error {
	needs := fleet.Offer(0)
	for _, s := range c.options.scenarios {
		needs |= s.Needs
	}
	if needs.Has(fleet.Files) {
		c.launch.Files = filepath.Join(dir, "files")
		if err := material.Files(c.launch.Files); err != nil {
			return err
		}
	}
	if needs.Has(fleet.TLS) {
		c.launch.Certificate, c.launch.Key = filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
		if err := material.Certificate(c.launch.Certificate, c.launch.Key); err != nil {
			return err
		}
	}
	if needs.Has(fleet.Arena) {
		c.launch.Data = filepath.Join(dir, "data")
		return material.Arena(c.launch.Data)
	}
	return nil
}

// launchFor is how servers are started for a scenario: with nothing that it does not need.
func (c *comparison) launchFor(s load.Scenario) fleet.Launch {
	l := c.launch
	l.Close, l.Large = s.Close, s.Needs.Has(fleet.Large)
	if !s.Needs.Has(fleet.Files) {
		l.Files = ""
	}
	if !s.Needs.Has(fleet.TLS) {
		l.Certificate, l.Key = "", ""
	}
	return l
}

// run measures every server in every scenario, -runs times. A server that cannot be had and a run that fails are part of
// the results; an error is what makes the comparison itself impossible. An interrupt ends it with the results so far.
func (c *comparison) run(ctx context.Context) (*report.Results, error) {
	results := &report.Results{
		Machine:  report.Machine{CPU: procfs.Model(), CPUs: runtime.NumCPU(), Kernel: procfs.Kernel()},
		Revision: revision(ctx, c.workshop.Root),
		Start:    time.Now(),
		Rounds:   c.options.runs,
		Duration: c.options.duration,
	}
	available, err := c.build(ctx, results)
	if err != nil {
		return nil, err
	}
	for _, scenario := range c.options.scenarios {
		results.Scenarios = append(results.Scenarios, report.Scenario{
			Name: scenario.Name, About: scenario.About, Slow: scenario.Slow, Close: scenario.Close, Flow: scenario.Flow,
			Rounds: c.options.roundsOf(scenario),
		})
	}
	c.measureAll(ctx, plan(c.options, available), results)
	return results, nil
}

// build returns the servers whose programs are there, and notes all of them in the results.
func (c *comparison) build(ctx context.Context, results *report.Results) ([]fleet.Server, error) {
	var available []fleet.Server
	for _, s := range c.options.servers {
		if !c.options.takesPart(s) {
			continue
		}
		c.progress.show("building %s", s.Name)
		entry := report.Server{Name: s.Name, About: s.About}
		built, err := c.workshop.Build(ctx, s.Program)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			entry.Skipped = err.Error()
			c.progress.note("%s is skipped: %v", s.Name, err)
		default:
			entry.Version, entry.ProgramBytes = built.Version, built.Bytes
			available = append(available, s)
		}
		results.Servers = append(results.Servers, entry)
	}
	if len(available) == 0 {
		return nil, errors.New("there is no server to measure")
	}
	return available, nil
}

// moduleRoot returns the directory of this module, in which the sources of the servers are.
func moduleRoot(ctx context.Context) (string, error) {
	text, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}",
		"github.com/pollard-go/pollard/benchmarks").Output()
	if err != nil {
		return "", errors.New("start this inside its module (go run -C benchmarks .), for it builds the servers from there")
	}
	return strings.TrimSpace(string(text)), nil
}

// revision returns the commit that is measured, marked when the tree differs from it; "" where that is unknown.
func revision(ctx context.Context, root string) string {
	head, err := exec.CommandContext(ctx, "git", "-C", root, "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return ""
	}
	status, err := exec.CommandContext(ctx, "git", "-C", filepath.Dir(root), "status", "--porcelain").Output()
	if err != nil || len(status) > 0 {
		return strings.TrimSpace(string(head)) + " with changes"
	}
	return strings.TrimSpace(string(head))
}
