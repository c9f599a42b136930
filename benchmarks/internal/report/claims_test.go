package report

import (
	"strings"
	"testing"

	"github.com/pollard-go/pollard/benchmarks/internal/load"
)

func run(scenario, server string, round int, sample load.Sample) Run {
	return Run{Scenario: scenario, Server: server, Round: round, Sample: sample}
}

func rate(scenario, server string, round int, perSecond float64) Run {
	return run(scenario, server, round, load.Sample{Throughput: &load.Throughput{RequestsPerSecond: perSecond}})
}

func apart(round int, alone, beside float64) Run {
	return run("beside-slow", ours, round, load.Sample{Apart: &load.Apart{
		Alone: load.Latency{P50Micros: alone}, Beside: load.Latency{P50Micros: beside}}})
}

func TestClaims(t *testing.T) {
	r := &Results{
		Servers: []Server{{Name: ours}, {Name: pooled}, {Name: "fasthttp"}},
		Scenarios: []Scenario{
			{Name: "slow-2-64", About: "some", Slow: true}, {Name: "beside-slow", About: "some", Slow: true},
		},
		Runs: []Run{
			rate("slow-2-64", ours, 1, 90), rate("slow-2-64", pooled, 1, 100), rate("slow-2-64", "fasthttp", 1, 90),
			apart(1, 100, 120), apart(2, 100, 140), apart(3, 200, 1000),
		},
	}
	text := r.Markdown()
	for _, want := range []string{
		"| slow-2-64 | requests/s | pollard-adaptive | pollard-pooled | 0.900 | ≥ 0.90 | yes |",
		"| slow-2-64 | requests/s | pollard-adaptive | fasthttp | 1.000 | > 1.00 | **no** |",
		"| pollard-adaptive | – | 1.400 | ≤ 1.50 | yes |",
		"Requests per second, row ÷ column:",
		"| pollard-adaptive | 1.40 | 1.20–5.00 | 100 | 140 |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "| get-64 |") {
		t.Error("a claim is judged that was not measured")
	}
}
