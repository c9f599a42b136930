// Command benchmarks compares HTTP/1.1 servers on one machine: Pollard, other Go servers, nginx, and a C epoll loop that
// shows what the kernel alone costs. Each server runs as a process of its own on one CPU, wrk on another. The servers
// take turns, and medians of several rounds are reported as Markdown on standard output, with the raw samples as JSON in
// the results directory, where they are kept after every round. An interrupt ends it with the report of what there is.
// It fails if a run has failed or is missing.
//
//	go run -C benchmarks . -quick
//	go run -C benchmarks . -servers floor,pollard-inline,fasthttp -scenarios get-64,idle -runs 7
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/pollard-go/pollard/benchmarks/internal/report"
)

// The children are told to end when the thread that started them does, so that an interrupted harness leaves none behind.
// The main goroutine starts them all, and its thread is the process's first one.
func init() { runtime.LockOSThread() }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the harness where it is
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	options, err := parseOptions(flag.CommandLine, os.Args[1:])
	if err != nil {
		return err
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	if options.renderFile != "" {
		return render(options, root)
	}
	if err := raiseFileLimit(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "pollard-benchmarks-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c, err := newComparison(options, root, dir)
	if err != nil {
		return err
	}
	// The directory is made now: that it can't be is told before anything is measured.
	kept := inModule(options.resultsDir, root)
	if err := os.MkdirAll(kept, 0o755); err != nil {
		return err
	}
	c.keep = func(results *report.Results) error { return keep(kept, results) }
	results, err := c.run(ctx)
	if err != nil {
		return err
	}
	fmt.Print(results.Markdown())
	return errors.Join(save(kept, results), shortfall(results))
}

// raiseFileLimit lifts the soft limit to the hard one, explicitly: the runtime lifts it as well, but gives children the
// old one back, and a server needs as many files as the harness.
func raiseFileLimit() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}
