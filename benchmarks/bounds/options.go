package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/procfs"
	"github.com/pollard-go/pollard/engine"
)

const mebibyte = 1 << 20

// options is the command line, checked.
type options struct {
	checks      []check
	modes       []string
	uploadBytes int64
	uploadRate  int64 // bytes per second
	readers     int
	largeBytes  int
	floodBytes  int64
	fileBytes   int64
	downloads   int
	duration    time.Duration
	rounds      int
	serverCPU   int
	clientCPU   int
	dir         string

	// download is the address that a child process is to download from.
	download string
}

func parseOptions(flags *flag.FlagSet, args []string) (*options, error) {
	var o options
	var names, modes string
	var full bool
	flags.StringVar(&names, "checks", "all", "comma-separated: upload, readers, flood, fairness")
	flags.StringVar(&modes, "modes", "adaptive", "comma-separated: adaptive, inline, pooled")
	flags.Int64Var(&o.uploadBytes, "upload-bytes", 200*1000*1000, "size of the upload")
	flags.Int64Var(&o.uploadRate, "upload-rate", 50*1000*1000, "how many bytes its handler reads in a second")
	flags.BoolVar(&full, "full", false, "upload 1 GB at 10 MB/s, which takes 100 s for each framing")
	flags.IntVar(&o.readers, "readers", 1000, "how many peers ask for a large answer and stop reading")
	flags.IntVar(&o.largeBytes, "large-bytes", 10*mebibyte, "size of that answer, which is in memory")
	flags.Int64Var(&o.floodBytes, "flood-bytes", 64*mebibyte, "how many bytes of requests a peer pipelines that reads nothing")
	flags.Int64Var(&o.fileBytes, "file-bytes", 100*mebibyte, "size of the file that is downloaded")
	flags.IntVar(&o.downloads, "downloads", 10, "how many downloads at a time")
	flags.DurationVar(&o.duration, "duration", 2*time.Second, "how long rates and latencies are measured, in whole seconds")
	flags.IntVar(&o.rounds, "rounds", 3, "how often a rate or a latency is measured with and without what disturbs it")
	serverCPU, clientCPU := procfs.TwoCPUs()
	flags.IntVar(&o.serverCPU, "server-cpu", serverCPU, "the CPU for the server")
	flags.IntVar(&o.clientCPU, "client-cpu", clientCPU, "the CPU for the peers")
	flags.StringVar(&o.dir, "dir", "", "directory for the program and the file, default the system's for temporary files")
	flags.StringVar(&o.download, "download", "", "used by the program itself: download from this address until input ends")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if full {
		o.uploadBytes, o.uploadRate = 1000*1000*1000, 10*1000*1000
	}
	for _, c := range checks() {
		if names == "all" || slices.Contains(strings.Split(names, ","), c.name) {
			o.checks = append(o.checks, c)
		}
	}
	o.modes = strings.Split(modes, ",")
	return &o, o.check(names, flags.Args())
}

func (o *options) check(names string, rest []string) error {
	for _, mode := range o.modes {
		var m engine.Mode
		if err := m.UnmarshalText([]byte(mode)); err != nil {
			return fmt.Errorf("-modes: %w", err)
		}
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case names != "all" && len(o.checks) != len(strings.Split(names, ",")):
		return fmt.Errorf("-checks %s: not all of them are known", names)
	case min(o.uploadBytes, o.uploadRate, int64(o.largeBytes), o.floodBytes, o.fileBytes) < 1:
		return fmt.Errorf("sizes and rates must be positive")
	case min(o.readers, o.downloads, o.rounds) < 1:
		return fmt.Errorf("-readers, -downloads and -rounds must be positive")
	case o.duration < time.Second || o.duration%time.Second != 0:
		return fmt.Errorf("-duration %v: whole seconds, as wrk wants them", o.duration)
	case o.serverCPU == o.clientCPU:
		return fmt.Errorf("-server-cpu and -client-cpu are both %d: they need a CPU each", o.serverCPU)
	}
	return nil
}
