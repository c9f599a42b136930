package main

import (
	"flag"
	"io"
	"testing"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/load"
)

func parse(args ...string) (*options, error) {
	flags := flag.NewFlagSet("benchmarks", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return parseOptions(flags, args)
}

func TestOptionsChoose(t *testing.T) {
	o, err := parse("-servers", "fasthttp,pollard-*,floor", "-scenarios", "idle,get-64")
	if err != nil {
		t.Fatal(err)
	}
	var got string
	for _, s := range o.servers {
		got += s.Name + " "
	}
	for _, s := range o.scenarios {
		got += s.Name + " "
	}
	if want := "floor pollard-inline pollard-adaptive pollard-pooled pollard-net pollard-netpoll pollard-tls fasthttp get-64 idle "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOptionsQuickYieldsToFlags(t *testing.T) {
	o, err := parse("-quick", "-runs", "7")
	if err != nil {
		t.Fatal(err)
	}
	if o.runs != 7 || o.repeats != 0 || o.duration != time.Second || o.warmUp != 0 || o.idleCount != quick.idleCount {
		t.Errorf("got %+v", o)
	}
}

func TestOptionsRefuse(t *testing.T) {
	for _, args := range [][]string{
		{"-servers", "apache"}, {"-scenarios", ""}, {"-runs", "0"}, {"-repeats", "-1"}, {"-duration", "1500ms"}, {"-warm-up", "-1s"},
		{"-idle-connections", "0"}, {"-server-cpu", "1", "-client-cpu", "1"}, {"stray"}, {"-servers", "x*"},
	} {
		if _, err := parse(args...); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

func TestPlanTakesTurns(t *testing.T) {
	servers := []fleet.Server{{Name: "a", Offers: fleet.Plain}, {Name: "b", Offers: fleet.Plain | fleet.Costly}}
	o := &options{runs: 2, servers: servers, scenarios: []load.Scenario{
		{Name: "get", Needs: fleet.Plain}, {Name: "slow", Needs: fleet.Costly},
		{Name: "once", Needs: fleet.Plain, Rounds: 1, Peers: []string{"b*"}},
	}}
	var got string
	for _, r := range plan(o, servers) {
		for _, server := range r.servers {
			got += r.scenario.Name + " " + server.Name + ", "
		}
	}
	if want := "get a, get b, get a, get b, slow b, slow b, once b, "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
