package report

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/pollard-go/pollard/benchmarks/internal/load"
)

// busy is a run of a second with so much of a CPU used by the server, by the client and by others.
func busy(scenario, name string, round int, server, client, foreign float64) Run {
	return run(scenario, name, round, load.Sample{Throughput: &load.Throughput{Seconds: 1, Requests: 1000,
		RequestsPerSecond: 1000, CPUMicrosPerRequest: server * 1000, ServerCPUSeconds: server, ClientCPUSeconds: client,
		ForeignCPUs: foreign}})
}

func aside(r Run) Run {
	r.SetAside = true
	return r
}

func TestRoundsAreTold(t *testing.T) {
	r := results()
	r.Scenarios[0].Rounds, r.Scenarios[1].Rounds = 5, 1
	r.Interrupted = true
	text := r.Markdown()
	for _, want := range []string{"A get: 2 of 5 rounds; floor: 1.\n", "Idle ones: 1 round.\n", "**Interrupted**"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestDisturbedRoundsAreTold(t *testing.T) {
	r := results()
	r.Runs = []Run{
		busy("get", "floor", 1, 0.5, 0.5, 0), busy("get", "ours", 1, 0.5, 0.5, 0.25),
		aside(busy("get", "floor", 2, 0.9, 0.5, 0.9)), aside(busy("get", "ours", 2, 0.9, 0.5, 0.05)),
		busy("get", "floor", 2, 0.5, 0.5, 0.05), busy("get", "ours", 2, 0.5, 0.5, 0.05),
	}
	text := r.Markdown()
	for _, want := range []string{
		"used more than 0.1 CPUs during a run: get 1 of 2.\n",
		"- **noisy**: in 1 of 2 rounds other programs kept up to 0.25 CPUs busy during a run\n",
		"- made again: 1 of the rounds, for the work of other programs\n",
		"| ours | 500.00 | 500.00–500.00 | 1.00 |", // without the runs that were set aside
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestNoise(t *testing.T) {
	pair := run("get", "ours", 1, load.Sample{Pair: &load.Pair{Second: load.Throughput{ForeignCPUs: 0.3}}})
	beside := run("get", "ours", 1, load.Sample{Apart: &load.Apart{ForeignCPUs: 0.4}})
	idle := run("idle", "ours", 1, load.Sample{Idle: &load.IdleCost{}})
	for want, runs := range map[float64][]Run{
		0.2: {busy("get", "ours", 1, 1, 1, 0.1), busy("get", "floor", 1, 1, 1, 0.2), failed("ours", 1)},
		0.3: {busy("get", "ours", 1, 1, 1, 0.1), pair},
		0.4: {beside, idle},
	} {
		if got := Noise(runs); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if got := Noise([]Run{idle, failed("ours", 1)}); !math.IsNaN(got) {
		t.Errorf("of nothing known: got %v", got)
	}
}

func TestFailuresAreListed(t *testing.T) {
	r := results()
	r.Runs = append(r.Runs, aside(failed("ours", 3)))
	want := []string{"get, round 2: floor: errors in 7 requests: read 1", "get, round 3: ours: errors in 7 requests: read 1"}
	if got := r.Failures(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestClientLimitIsMarked(t *testing.T) {
	r := results()
	r.Runs = []Run{
		busy("get", "floor", 1, 0.3, 0.95, 0), // the client's
		busy("get", "ours", 1, 0.94, 0.95, 0), // both are full
	}
	text := r.Markdown()
	for _, want := range []string{"| 1000 † | 0.30 | 0.95 |", "| 1000 | 0.94 | 0.95 |", "\n†: the client's CPU was full"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	r.Runs = []Run{
		busy("get", "floor", 1, 0.3, 0.5, 0), // nobody is full
		busy("get", "ours", 1, 0.3, 0, 0),    // as in results of old
	}
	if text := r.Markdown(); strings.Contains(text, "†") {
		t.Errorf("a mark is in:\n%s", text)
	}
}

// What a connection costs is shown beside the claims of close, and nothing is claimed of it.
func TestComparedIsNoClaim(t *testing.T) {
	r := &Results{
		Servers: []Server{{Name: ours}, {Name: "nginx"}},
		Runs:    []Run{busy("close", ours, 1, 0.3, 0.95, 0), busy("close", "nginx", 1, 0.2, 0.95, 0)},
	}
	text := r.Markdown()
	for _, want := range []string{
		"| close | connections/s | pollard-adaptive | nginx | 1.000 | ≥ 1.00 | yes |",
		"| close | CPU/connection | pollard-adaptive | nginx | 1.500 | – | for comparison |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}
