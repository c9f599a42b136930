package load

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/procfs"
)

//go:embed drive.lua
var driveScript []byte

// FindWrk returns the path of wrk, or an error that says how to get it.
func FindWrk() (string, error) {
	path, err := exec.LookPath("wrk")
	if err != nil {
		return "", errors.New("wrk is not installed; it sends the requests of all scenarios but idle " +
			"(Debian, Ubuntu: apt install wrk; others: https://github.com/wg/wrk)")
	}
	return path, nil
}

// Wrk is a load of requests that follow one another on kept connections, as fast as they are answered.
type Wrk struct {
	Connections int
	// Depth requests are sent at once on each connection.
	Depth int
	// Head is one request; HeadFile names a file with it instead, relative to the module.
	Head, HeadFile string
	// Percent of the requests are Costly ones, in even distances; zero: none.
	Percent int
	Costly  Costly
}

// Measure implements Load.
func (l Wrk) Measure(ctx context.Context, p *fleet.Process, s Settings) (Sample, error) {
	head, err := l.head(s.Root)
	if err != nil {
		return Sample{}, err
	}
	if err := verifyAnswers(ctx, p.Addr, head, l.Depth); err != nil {
		return Sample{}, err
	}
	if l.Percent > 0 {
		if err := l.Costly.verify(ctx, p.Addr); err != nil {
			return Sample{}, err
		}
	}
	args, err := l.writeScript(s, head)
	if err != nil {
		return Sample{}, err
	}
	if s.WarmUp > 0 {
		if _, err := l.run(ctx, p, s, s.WarmUp, args); err != nil {
			return Sample{}, fmt.Errorf("warm-up: %w", err)
		}
	}
	throughput, err := l.run(ctx, p, s, s.Duration, args)
	if err != nil {
		return Sample{}, err
	}
	return Sample{Throughput: throughput}, nil
}

func (l Wrk) head(root string) ([]byte, error) {
	if l.HeadFile == "" {
		return []byte(l.Head), nil
	}
	return os.ReadFile(filepath.Join(root, l.HeadFile))
}

// writeScript lays out drive.lua and what it reads, and returns the script's arguments.
func (l Wrk) writeScript(s Settings, head []byte) ([]string, error) {
	script, usual, costly := filepath.Join(s.Dir, "drive.lua"), filepath.Join(s.Dir, "usual"), filepath.Join(s.Dir, "costly")
	for path, content := range map[string][]byte{
		script: driveScript,
		usual:  bytes.Repeat(head, l.Depth),
		costly: []byte(l.Costly.Head),
	} {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return nil, err
		}
	}
	args := []string{usual}
	if l.Percent > 0 {
		args = append(args, costly, strconv.Itoa(l.Percent))
	}
	return args, nil
}

// run lets wrk run once, between two looks at the CPU time of the server and of the machine.
func (l Wrk) run(ctx context.Context, p *fleet.Process, s Settings, d time.Duration, scriptArgs []string) (*Throughput, error) {
	seconds := strconv.Itoa(max(1, int(d/time.Second))) + "s"
	args := []string{"-c", strconv.Itoa(s.ClientCPU), s.WrkPath, "-t1", "-c", strconv.Itoa(l.Connections), "-d", seconds,
		"-s", filepath.Join(s.Dir, "drive.lua"), "http://" + p.Addr + "/", "--"}
	cmd := exec.CommandContext(ctx, "taskset", append(args, scriptArgs...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr

	serverBefore, machineBefore, err := cpuTimes(p.Pid)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	runErr := cmd.Run()
	elapsed := time.Since(start)
	if err := p.Exited(); err != nil {
		return nil, err
	}
	if runErr != nil {
		return nil, fmt.Errorf("wrk: %w: %s%s", runErr, stdout.Bytes(), stderr.Bytes())
	}
	serverAfter, machineAfter, err := cpuTimes(p.Pid)
	if err != nil {
		return nil, err
	}
	rss, err := procfs.TreeRSSBytes(p.Pid)
	if err != nil {
		return nil, err
	}
	result, err := parseResult(stdout.Bytes())
	if err != nil {
		return nil, err
	}
	server := serverAfter - serverBefore
	wrk := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	foreign := machineAfter - machineBefore - server - wrk
	if l.Depth > 1 || l.Percent > 0 && l.Percent < 100 {
		// wrk fills in the latencies that it takes to have missed (coordinated omission), at intervals that it reckons
		// from all requests. A pipelined sample is of Depth requests, and each request that is slow on purpose would
		// bring dozens that nobody sent: its percentiles mean nothing then.
		result.P50Micros, result.P99Micros = 0, 0
	}
	return &Throughput{
		Requests:            result.Requests,
		Seconds:             result.seconds(),
		ServerCPUSeconds:    server.Seconds(),
		CPUMicrosPerRequest: server.Seconds() * 1e6 / float64(result.Requests),
		RequestsPerSecond:   float64(result.Requests) / result.seconds(),
		P50Micros:           result.P50Micros,
		P99Micros:           result.P99Micros,
		RSSBytes:            rss,
		ForeignCPUs:         max(0, foreign.Seconds()/elapsed.Seconds()),
	}, nil
}

func cpuTimes(pid int) (server, machine time.Duration, err error) {
	if server, err = procfs.TreeCPU(pid); err != nil {
		return 0, 0, err
	}
	machine, err = procfs.MachineCPU()
	return server, machine, err
}

// wrkResult is the line that drive.lua prints at the end.
type wrkResult struct {
	Requests       int64   `json:"requests"`
	DurationMicros float64 `json:"duration_us"`
	P50Micros      float64 `json:"p50_us"`
	P99Micros      float64 `json:"p99_us"`
	Connect        int64   `json:"connect"`
	Read           int64   `json:"read"`
	Write          int64   `json:"write"`
	Timeout        int64   `json:"timeout"`
	Status         int64   `json:"status"`
}

func (r *wrkResult) seconds() float64 { return r.DurationMicros / 1e6 }

// parseResult returns wrk's result, or an error when there is none or any request failed: a run with errors measures
// something else.
func parseResult(stdout []byte) (*wrkResult, error) {
	var text []byte
	for line := range bytes.Lines(stdout) {
		if rest, ok := bytes.CutPrefix(line, []byte("result ")); ok {
			text = rest
		}
	}
	var r wrkResult
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("wrk gave no result (%w): %s", err, stdout)
	}
	if r.Connect+r.Read+r.Write+r.Timeout+r.Status > 0 {
		return nil, fmt.Errorf("errors in %d requests: connect %d, read %d, write %d, timeout %d, status %d",
			r.Requests, r.Connect, r.Read, r.Write, r.Timeout, r.Status)
	}
	if r.Requests == 0 || r.DurationMicros <= 0 {
		return nil, errors.New("wrk had no request answered")
	}
	return &r, nil
}
