package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/load"
	"github.com/pollard-go/pollard/benchmarks/internal/report"
)

// bench is a comparison of a, b and c in a scenario "get" whose runs are made up.
type bench struct {
	comparison
	rounds  []round
	results report.Results
	// kept describes what was kept, each time.
	kept []string
}

func newBench(t *testing.T, runs, repeats int, measure func(turn int, server string) (foreign float64, err error)) *bench {
	out, err := os.Create(t.TempDir() + "/progress")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	b := new(bench)
	b.options = &options{runs: runs, repeats: repeats, scenarios: []load.Scenario{{Name: "get", Needs: fleet.Plain}}}
	b.progress = newProgress(out)
	b.rounds = plan(b.options, []fleet.Server{
		{Name: "a", Offers: fleet.Plain}, {Name: "b", Offers: fleet.Plain}, {Name: "c", Offers: fleet.Plain},
	})
	turn := 0
	b.measure = func(_ context.Context, _ load.Scenario, s fleet.Server) (load.Sample, error) {
		turn++
		foreign, err := measure(turn, s.Name)
		return load.Sample{Throughput: &load.Throughput{Requests: int64(turn), ForeignCPUs: foreign}}, err
	}
	b.keep = func(r *report.Results) error {
		b.kept = append(b.kept, fmt.Sprintf("%s interrupted=%v", describe(r), r.Interrupted))
		return nil
	}
	return b
}

// describe returns the runs as server and round, with "-" after those that are set aside and "!" after failed ones.
func describe(r *report.Results) string {
	var all []string
	for _, run := range r.Runs {
		text := fmt.Sprint(run.Server, run.Round)
		if run.Failure != "" {
			text += "!"
		}
		if run.SetAside {
			text += "-"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func TestEveryRoundIsKeptAndFailuresAreNoEnd(t *testing.T) {
	b := newBench(t, 2, 2, func(turn int, _ string) (float64, error) {
		if turn == 2 {
			return 0, errors.New("the server\nended")
		}
		return 0, nil
	})
	b.measureAll(context.Background(), b.rounds, &b.results)
	if got, want := strings.Join(b.kept, "\n"), "a1 b1! c1 interrupted=true\na1 b1! c1 a2 b2 c2 interrupted=true"; got != want {
		t.Errorf("kept were\n%s\nwant\n%s", got, want)
	}
	if b.results.Interrupted {
		t.Error("it was not interrupted")
	}
	if b.results.Runs[1].Throughput != nil {
		t.Error("a failed run has a sample")
	}
	if err := shortfall(&b.results); err == nil || err.Error() != "1 of 6 runs failed:\n\tget, round 1: b: the server ended" {
		t.Errorf("got %v", err)
	}
}

func TestInterruptKeepsWhatThereIs(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	b := newBench(t, 3, 2, func(turn int, _ string) (float64, error) {
		if turn == 5 {
			cancel()
			return 0, context.Canceled
		}
		return 1, nil // noisy
	})
	b.options.repeats = 0
	b.measureAll(ctx, b.rounds, &b.results)
	if got := describe(&b.results); got != "a1 b1 c1 a2" || !b.results.Interrupted {
		t.Errorf("got %s, interrupted %v", got, b.results.Interrupted)
	}
	if err := shortfall(&b.results); err == nil || err.Error() != "interrupted after 4 runs" {
		t.Errorf("got %v", err)
	}
}

func TestDisturbedRoundsAreMadeAgain(t *testing.T) {
	for _, c := range []struct {
		name    string
		foreign []float64 // by attempt, at its second run
		fails   int       // the turn in which a run fails; 0: none
		ends    int       // the turn at which it is interrupted; 0: none
		want    string
	}{
		{"quiet", []float64{0.1, 0.05}, 0, 0, "a1 b1 c1 a2 b2 c2"},
		{"once", []float64{0.5, 0, 0}, 0, 0, "a1- b1- c1- a1 b1 c1 a2 b2 c2"},
		{"the quietest stays", []float64{0.5, 0.3, 0.9, 0}, 0, 0, "a1- b1- c1- a1 b1 c1 a1- b1- c1- a2 b2 c2"},
		{"as often as allowed", []float64{0.5, 0.4, 0.3, 0.5}, 0, 0, "a1- b1- c1- a1- b1- c1- a1 b1 c1 a2 b2 c2"},
		{"a failure is no noise", []float64{0, 0}, 3, 0, "a1 b1 c1! a2 b2 c2"},
		{"a failure stays reported", []float64{0.5, 0, 0}, 1, 0, "a1!- b1- c1- a1 b1 c1 a2 b2 c2"},
		{"interrupted", []float64{0.5, 0}, 0, 6, "a1 b1 c1 a1- b1-"},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		b := newBench(t, 2, 2, func(turn int, server string) (float64, error) {
			if turn == c.ends {
				cancel()
			}
			if turn == c.fails {
				return 0, errors.New("no")
			}
			if server == "b" {
				return c.foreign[(turn-1)/3], nil
			}
			return 0, nil
		})
		b.measureAll(ctx, b.rounds, &b.results)
		cancel()
		if got := describe(&b.results); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		if (shortfall(&b.results) != nil) != (c.fails > 0 || c.ends > 0) {
			t.Errorf("%s: got %v", c.name, shortfall(&b.results))
		}
	}
}

func TestForecastGoesByWhatTurnsTook(t *testing.T) {
	settings := load.Settings{Duration: 2 * time.Second, WarmUp: time.Second, IdleConnections: 15000, IdleWindow: 5 * time.Second}
	quick := load.Scenario{Name: "quick", Load: load.Wrk{}}
	long := load.Scenario{Name: "long", Load: load.Two{BesideIdle: true}}
	two := []fleet.Server{{Name: "a"}, {Name: "b"}}
	f := newForecast([]round{{quick, 1, two}, {quick, 2, two}, {long, 1, two}}, settings)
	guess := 4*load.Guess(quick.Load, settings) + 2*load.Guess(long.Load, settings)
	if f.left() != guess || guess < 30*time.Second || guess > 40*time.Second {
		t.Errorf("at first %v are left, guessed are %v", f.left(), guess)
	}
	f.done(quick, 5*time.Second)
	f.done(quick, 7*time.Second)
	if want := 12*time.Second + 2*load.Guess(long.Load, settings); f.left() != want {
		t.Errorf("after two turns %v are left, want %v", f.left(), want)
	}
	f.repeat(round{quick, 1, two})
	f.done(long, 20*time.Second)
	if want := 44 * time.Second; f.left() != want || !strings.HasPrefix(f.String(), "4/8, 44s left:") {
		t.Errorf("%s, %v are left, want %v", f, f.left(), want)
	}
}
