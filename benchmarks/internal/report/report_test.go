package report

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/load"
)

func throughput(server string, round int, cpuMicros float64) Run {
	return Run{Scenario: "get", Server: server, Round: round,
		Sample: load.Sample{Throughput: &load.Throughput{CPUMicrosPerRequest: cpuMicros, Requests: 1000}}}
}

func failed(server string, round int) Run {
	return Run{Scenario: "get", Server: server, Round: round, Failure: "errors in 7 requests:\nread 1"}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 2}, 2},
		{[]float64{4, 1, 2, 100}, 3},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
	if !math.IsNaN(median(nil)) {
		t.Error("the median of nothing is a number")
	}
}

// In the second round the whole machine is twice as slow: the ratio of each round is 1.5, and so must be the result.
func TestRatioPairsRounds(t *testing.T) {
	a := []Run{throughput("a", 1, 6), throughput("a", 2, 12), failed("a", 3)}
	b := []Run{throughput("b", 1, 4), throughput("b", 2, 8), throughput("b", 3, 400)}
	if got := ratio(a, b, cpuPerRequest, 0); got != 1.5 {
		t.Errorf("got %v", got)
	}
	if got := ratio(a, b, cpuPerRequest, 1000); !math.IsNaN(got) {
		t.Errorf("with denominators too small: got %v", got)
	}
	if got := ratio(a[2:], b, cpuPerRequest, 0); !math.IsNaN(got) {
		t.Errorf("with no common round: got %v", got)
	}
}

func results() *Results {
	return &Results{
		Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Rounds: 2, Duration: time.Second,
		Servers: []Server{
			{Name: "floor", About: "the floor", Version: "1"},
			{Name: "gone", About: "not there", Skipped: "not installed"},
			{Name: "ours", About: "ours", Version: "2"},
		},
		Scenarios: []Scenario{{Name: "get", About: "a get"}, {Name: "idle", About: "idle ones"}},
		Runs: []Run{
			throughput("ours", 2, 8), throughput("floor", 1, 4), throughput("ours", 1, 6), failed("floor", 2),
			{Scenario: "idle", Server: "ours", Round: 1, Sample: load.Sample{
				Idle: &load.IdleCost{Connections: 10, BytesPerConnection: 222, WindowSeconds: 10}}},
		},
	}
}

func TestMarkdown(t *testing.T) {
	text := results().Markdown()
	for _, want := range []string{
		"| gone | skipped: not installed | not there | – |",
		"| floor | 4.00 | 4.00–4.00 | 1.00 |",
		"| ours | 1.50 |  |",
		"- **failed**: floor, round 2: errors in 7 requests: read 1\n",
		"| ours | 7.00 | 6.00–8.00 | 1.50 | 0.00 | 0.00 | 0 | – | – | – |",
		"| ours | 222 | 222–222 | 10 |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestMarkdownOfFailuresAlone(t *testing.T) {
	r := results()
	r.Runs = []Run{failed("ours", 1)}
	if text := r.Markdown(); !strings.Contains(text, "**failed**: ours, round 1") || !strings.Contains(text, "No server ran.") {
		t.Errorf("got:\n%s", text)
	}
}

func TestJSONKeepsEveryRun(t *testing.T) {
	text, err := results().JSON()
	if err != nil {
		t.Fatal(err)
	}
	var back Results
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if len(back.Runs) != 5 || back.Runs[0].Throughput.CPUMicrosPerRequest != 8 || back.Runs[3].Failure == "" {
		t.Errorf("got %s", text)
	}
}
