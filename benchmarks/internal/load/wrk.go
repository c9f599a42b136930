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
	"syscall"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
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

// NeedsWrk tells whether the load runs wrk.
func NeedsWrk(l Load) bool {
	switch l := l.(type) {
	case Wrk:
		return true
	case Two:
		_, ok := l.First.(Wrk)
		return ok
	}
	return false
}

// Wrk is a load of requests that follow one another on kept connections, as fast as they are answered.
type Wrk struct {
	Connections int
	// Depth requests are sent at once on each connection.
	Depth int
	// Head is one request with its body; HeadFile names a file with it instead, relative to the module.
	Head, HeadFile string
	// Answer is what it is answered with.
	Answer Answer
	// Rotation are requests that take turns, instead of Head.
	Rotation []Exchange
	// Percent of the requests are Costly ones, in even distances; zero: none.
	Percent int
	Costly  Costly
}

// Measure implements Load.
func (l Wrk) Measure(ctx context.Context, p *fleet.Process, s Settings) (Sample, error) {
	throughput, err := l.measure(ctx, p, s)
	return Sample{Throughput: throughput}, err
}

func (l Wrk) measure(ctx context.Context, p *fleet.Process, s Settings) (*Throughput, error) {
	rotation, err := l.requests(s.Root)
	if err != nil {
		return nil, err
	}
	for _, e := range rotation {
		if err := verifyAnswers(ctx, p, []byte(e.Head), l.Depth, e.Answer); err != nil {
			return nil, fmt.Errorf("%.40q…: %w", e.Head, err)
		}
	}
	if l.Percent > 0 {
		if err := l.Costly.verify(ctx, p); err != nil {
			return nil, err
		}
	}
	args, err := l.writeScript(s, rotation)
	if err != nil {
		return nil, err
	}
	if s.WarmUp > 0 {
		if _, err := l.run(ctx, p, s, s.WarmUp, args); err != nil && !errors.Is(err, errNothing) {
			return nil, fmt.Errorf("warm-up: %w", err)
		}
	}
	for d := s.Duration; ; d *= 2 {
		t, err := l.run(ctx, p, s, d, args)
		if !errors.Is(err, errNothing) || d > answerLimit {
			return t, err
		}
	}
}

// errNothing tells of a run in which nothing was done. On a busy machine 64 handshakes of TLS may take wrk more than a
// second, so that it is no failure of the server's yet: a longer run will tell.
var errNothing = errors.New("nothing was answered")

func (l Wrk) connections() int { return l.Connections }

func (l Wrk) requests(root string) ([]Exchange, error) {
	if l.Rotation != nil {
		return l.Rotation, nil
	}
	if l.HeadFile == "" {
		return []Exchange{{l.Head, l.Answer}}, nil
	}
	head, err := os.ReadFile(filepath.Join(root, l.HeadFile))
	return []Exchange{{string(head), l.Answer}}, err
}

// writeScript lays out drive.lua and what it reads, and returns the script's arguments.
func (l Wrk) writeScript(s Settings, rotation []Exchange) ([]string, error) {
	script, costly := filepath.Join(s.Dir, "drive.lua"), filepath.Join(s.Dir, "costly")
	contents := map[string][]byte{script: driveScript, costly: []byte(l.Costly.Head)}
	args := []string{strconv.Itoa(l.Percent), costly}
	for i, e := range rotation {
		path := filepath.Join(s.Dir, fmt.Sprintf("usual-%d", i))
		contents[path] = bytes.Repeat([]byte(e.Head), l.Depth)
		args = append(args, path)
	}
	for path, content := range contents {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// run lets wrk run once, between two looks at the CPU time of the server and of the machine.
func (l Wrk) run(ctx context.Context, p *fleet.Process, s Settings, d time.Duration, scriptArgs []string) (*Throughput, error) {
	seconds := strconv.Itoa(max(1, int(d/time.Second))) + "s"
	scheme := "http://"
	if p.Secured {
		scheme = "https://"
	}
	args := []string{"-c", strconv.Itoa(s.ClientCPU), s.WrkPath, "-t1", "-c", strconv.Itoa(l.Connections), "-d", seconds,
		"--timeout", "30s", // by default 2 s, which are soon over on a busy machine
		"-s", filepath.Join(s.Dir, "drive.lua"), scheme + p.Addr + "/", "--"}
	cmd := exec.CommandContext(ctx, "taskset", append(args, scriptArgs...)...)
	// A group of its own, as the servers have: an interrupt at the terminal reaches the harness alone. Otherwise wrk would
	// end its run early with a result that looks like one.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr

	m, err := startMeter(p)
	if err != nil {
		return nil, err
	}
	runErr := cmd.Run()
	if err := p.Exited(); err != nil {
		return nil, err
	}
	if runErr != nil {
		return nil, fmt.Errorf("wrk: %w: %s%s", runErr, stdout.Bytes(), stderr.Bytes())
	}
	result, err := parseResult(stdout.Bytes())
	if err != nil {
		return nil, err
	}
	client := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	t, err := m.stop(result.Requests, result.took(), client)
	if err != nil {
		return nil, err
	}
	// wrk fills in the latencies that it takes to have missed (coordinated omission), at intervals that it reckons
	// from all requests. A pipelined sample is of Depth requests, and each request that is slow on purpose would
	// bring dozens that nobody sent: its percentiles mean nothing then.
	if l.Depth == 1 && (l.Percent == 0 || l.Percent == 100) {
		t.P50Micros, t.P99Micros, t.P999Micros = result.P50Micros, result.P99Micros, result.P999Micros
	}
	return t, nil
}

// wrkResult is the line that drive.lua prints at the end.
type wrkResult struct {
	Requests       int64   `json:"requests"`
	DurationMicros float64 `json:"duration_us"`
	P50Micros      float64 `json:"p50_us"`
	P99Micros      float64 `json:"p99_us"`
	P999Micros     float64 `json:"p999_us"`
	Connect        int64   `json:"connect"`
	Read           int64   `json:"read"`
	Write          int64   `json:"write"`
	Timeout        int64   `json:"timeout"`
	Status         int64   `json:"status"`
}

func (r *wrkResult) took() time.Duration {
	return time.Duration(r.DurationMicros * float64(time.Microsecond))
}

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
		return nil, errNothing
	}
	return &r, nil
}
