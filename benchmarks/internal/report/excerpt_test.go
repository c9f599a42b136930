package report

import (
	"strings"
	"testing"

	"github.com/pollard-go/pollard/benchmarks/internal/load"
)

func idle(server string, bytes float64) Run {
	return Run{Scenario: "idle", Server: server, Round: 1, Sample: load.Sample{Idle: &load.IdleCost{BytesPerConnection: bytes}}}
}

func TestExcerptTakesItsPlace(t *testing.T) {
	r := &Results{
		Servers: []Server{{Name: ours}, {Name: "nginx"}}, Scenarios: []Scenario{{Name: "idle", About: "idle ones"}},
		Runs: []Run{idle(ours, 217), idle("nginx", 527)},
	}
	text, err := Insert([]byte("before\n"+excerptBegin+"old\n"+excerptEnd+"after\n"), r.Excerpt("pictures"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"before\n" + excerptBegin, "|  | pollard-adaptive | nginx |", "| bytes of an idle connection | 217 | 527 |",
		"](pictures/idle.svg)", excerptEnd + "after\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "old") || strings.Contains(string(text), "cpu.svg") {
		t.Errorf("got:\n%s", text)
	}
	if _, err := Insert([]byte("no place"), "x"); err == nil {
		t.Error("no error for a text without the place")
	}
}

func TestChartsAreOfWhatWasMeasured(t *testing.T) {
	r := &Results{Servers: []Server{{Name: ours}, {Name: "nginx"}}, Runs: []Run{idle(ours, 217), idle("nginx", 527)}}
	charts, err := r.Charts()
	if err != nil || len(charts) != 1 || !strings.Contains(string(charts["idle.svg"]), "pollard-adaptive") {
		t.Errorf("got %d charts, %v", len(charts), err)
	}
}
