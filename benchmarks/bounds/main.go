// Command bounds checks what Pollard says about its memory and its fairness when peers are slow, greedy or hostile. For
// each check it starts servers/pollard on a CPU of its own, plays the peers from another, and prints a table of what was
// measured and what is allowed; it ends with status 1 if anything is above.
//
//	go run -C benchmarks ./bounds
//	go run -C benchmarks ./bounds -checks upload -full -modes adaptive,pooled
//
// Growth of memory is that of the server's resident set, from after a first request of the same kind and a garbage
// collection to the highest point that the kernel saw. What the kernel holds for sockets is not in it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/load"
)

// The servers are told to end when the thread that started them does.
func init() { runtime.LockOSThread() }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parseOptions(flag.CommandLine, os.Args[1:])
	if err == nil && o.download != "" {
		err = download(o.download, o.downloads, os.Stdin, os.Stdout)
	} else if err == nil {
		err = run(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bounds:", err)
		stop()
		os.Exit(1)
	}
}

// finding is one figure with its limit; without one it explains the others.
type finding struct {
	what     string
	measured string
	allowed  string
	holds    bool
}

// row returns the finding as the last cells of the table.
func (f *finding) row() string {
	switch {
	case f.allowed == "":
		return fmt.Sprintf("| %s | %s | – | – |", f.what, f.measured)
	case f.holds:
		return fmt.Sprintf("| %s | %s | %s | yes |", f.what, f.measured, f.allowed)
	}
	return fmt.Sprintf("| %s | %s | %s | **no** |", f.what, f.measured, f.allowed)
}

// check is one thing that peers do to a server.
type check struct {
	name string
	args func(*options) []string
	run  func(context.Context, *bench) ([]finding, error)
}

func checks() []check {
	return []check{
		{"upload", nil, checkUpload},
		{"readers", largeArgs, checkReaders},
		{"flood", nil, checkFlood},
		{"fairness", fileArgs, checkFairness},
	}
}

// bench is a running server, and what a check needs to know.
type bench struct {
	options  *options
	process  *fleet.Process
	settings load.Settings
}

func run(ctx context.Context, o *options) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	if o.dir, err = os.MkdirTemp(o.dir, "pollard-bounds-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.dir)
	workshop := fleet.Workshop{Root: root, Bin: o.dir}
	program := fleet.GoProgram{Dir: "servers/pollard"}
	built, err := workshop.Build(ctx, program)
	if err != nil {
		return err
	}
	unpin, err := load.Pin(o.clientCPU)
	if err != nil {
		return err
	}
	defer unpin()
	settings := load.Settings{Root: root, Dir: o.dir, ClientCPU: o.clientCPU, Duration: o.duration}
	if settings.WrkPath, err = load.FindWrk(); err != nil {
		return err
	}
	fmt.Println("| mode | check | figure | measured | allowed | holds |\n|---|---|---|---|---|---|")
	failed := false
	for _, mode := range o.modes {
		for _, c := range o.checks {
			findings, err := runCheck(ctx, o, settings, built, mode, c)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", mode, c.name, err)
			}
			for _, f := range findings {
				failed = failed || f.allowed != "" && !f.holds
				fmt.Printf("| %s | %s %s\n", mode, c.name, f.row())
			}
		}
	}
	if failed {
		return errors.New("not everything holds")
	}
	return nil
}

// runCheck gives the check a server of its own.
func runCheck(ctx context.Context, o *options, settings load.Settings, built fleet.Built, mode string, c check) ([]finding, error) {
	server := fleet.Server{
		Name: "bounds",
		Args: func(l fleet.Launch) ([]string, error) {
			args := []string{"-addr", fmt.Sprintf("127.0.0.1:%d", l.Port), "-mode", mode}
			if c.args != nil {
				args = append(args, c.args(o)...)
			}
			return args, nil
		},
	}
	process, err := fleet.Start(ctx, server, built, o.serverCPU, fleet.Launch{})
	if err != nil {
		return nil, err
	}
	defer process.Stop()
	quiet, err := listen(process.Pid)
	if err != nil {
		return nil, err
	}
	findings, err := c.run(ctx, &bench{options: o, process: process, settings: settings})
	if exited := process.Exited(); exited != nil {
		return nil, exited
	}
	if err != nil {
		return nil, err
	}
	foreign, err := quiet.finding()
	return append(findings, foreign), err
}

// moduleRoot returns the directory of the benchmarks module.
func moduleRoot(ctx context.Context) (string, error) {
	text, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}",
		"github.com/pollard-go/pollard/benchmarks").Output()
	if err != nil {
		return "", errors.New("start this inside its module, for it builds the server from there: go run -C benchmarks ./bounds")
	}
	return filepath.Clean(strings.TrimSpace(string(text))), nil
}
