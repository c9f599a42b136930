package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// NoisyCPUs of foreign work on average during one run make its round a disturbed one. What is measured of a machine that
// does nothing else is below a third of it.
const NoisyCPUs = 0.1

// Noise returns the most foreign work in CPUs during one of the runs, or NaN if it is of none known.
func Noise(runs []Run) float64 {
	most := math.NaN()
	for _, run := range runs {
		for _, foreign := range run.foreign() {
			if math.IsNaN(most) || foreign > most {
				most = foreign
			}
		}
	}
	return most
}

// foreign returns how many CPUs other programs used in the parts of the run, where that counts.
func (r Run) foreign() []float64 {
	switch {
	case r.Throughput != nil:
		return []float64{r.Throughput.ForeignCPUs}
	case r.Pair != nil:
		return []float64{r.Pair.First.ForeignCPUs, r.Pair.Second.ForeignCPUs}
	case r.Apart != nil:
		return []float64{r.Apart.ForeignCPUs}
	}
	return nil
}

// disturbed returns the numbers of the rounds of a scenario that count although they were disturbed, how many there are in
// all, and the most foreign work. runs are by server.
func disturbed(runs map[string][]Run) (noisy []int, all int, most float64) {
	rounds := make(map[int][]Run)
	for _, of := range runs {
		for _, run := range of {
			rounds[run.Round] = append(rounds[run.Round], run)
		}
	}
	for number, of := range rounds {
		if noise := Noise(of); noise > NoisyCPUs {
			noisy = append(noisy, number)
			most = max(most, noise)
		}
	}
	slices.Sort(noisy)
	return noisy, len(rounds), most
}

// Failures tells of every run that failed, those that were set aside too.
func (r *Results) Failures() []string {
	var all []string
	for _, run := range r.Runs {
		if run.Failure != "" {
			all = append(all, fmt.Sprintf("%s, round %d: %s: %s", run.Scenario, run.Round, run.Server, oneLine(run.Failure)))
		}
	}
	return all
}

// roundsOf says of how many rounds the figures of a scenario are: of those in which a server did not fail.
func roundsOf(s Scenario, names []string, runs map[string][]Run) string {
	succeeded := func(name string) int {
		return len(slices.DeleteFunc(slices.Clone(runs[name]), func(r Run) bool { return r.Failure != "" }))
	}
	most := 0
	for _, name := range names {
		most = max(most, succeeded(name))
	}
	var out strings.Builder
	fmt.Fprint(&out, most)
	if s.Rounds > most {
		fmt.Fprintf(&out, " of %d", s.Rounds)
	}
	if most == 1 && s.Rounds <= 1 {
		out.WriteString(" round")
	} else {
		out.WriteString(" rounds")
	}
	var fewer []string
	for _, name := range names {
		if n := succeeded(name); n < most {
			fewer = append(fewer, fmt.Sprintf("%s: %d", name, n))
		}
	}
	if fewer != nil {
		out.WriteString("; " + strings.Join(fewer, ", "))
	}
	return out.String()
}

// writeDisturbed tells, after the claims, which of the scenarios had disturbed rounds that are in the figures.
func (r *Results) writeDisturbed(out *strings.Builder) {
	var scenarios []string
	for _, s := range r.Scenarios {
		runs, _ := r.byServer(s.Name)
		if noisy, all, _ := disturbed(runs); len(noisy) > 0 {
			scenarios = append(scenarios, fmt.Sprintf("%s %d of %d", s.Name, len(noisy), all))
		}
	}
	if scenarios != nil {
		fmt.Fprintf(out, "**Disturbed** rounds, in which other programs used more than %.1f CPUs during a run: %s.\n\n",
			NoisyCPUs, strings.Join(scenarios, ", "))
	}
}

// writeWarnings tells of failed runs, which are in no figure, and of noise.
func (r *Results) writeWarnings(out *strings.Builder, scenario string, runs map[string][]Run) {
	aside := make(map[int]bool)
	for _, run := range r.Runs {
		if run.Scenario != scenario {
			continue
		}
		if run.Failure != "" {
			fmt.Fprintf(out, "- **failed**: %s, round %d: %s\n", run.Server, run.Round, oneLine(run.Failure))
		}
		if run.SetAside {
			aside[run.Round] = true
		}
	}
	if noisy, all, most := disturbed(runs); len(noisy) > 0 {
		fmt.Fprintf(out, "- **noisy**: in %d of %d rounds other programs kept up to %.2f CPUs busy during a run\n",
			len(noisy), all, most)
	}
	if len(aside) > 0 {
		fmt.Fprintf(out, "- made again: %d of the rounds, for the work of other programs\n", len(aside))
	}
	out.WriteString("\n")
}
