package report

import (
	"math"
	"slices"
)

// metric is a figure of a run. It is asked only about runs that did not fail.
type metric func(Run) float64

// median returns the middle of the values, or NaN of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// values returns the metric of every run that did not fail and for which it is known.
func values(runs []Run, m metric) []float64 {
	var all []float64
	for _, run := range runs {
		if run.Failure != "" {
			continue
		}
		if value := m(run); !math.IsNaN(value) {
			all = append(all, value)
		}
	}
	return all
}

// ratio returns the median of the ratios of the rounds in which both succeeded, or NaN. Denominators below least are
// left out: a ratio to nearly nothing says nothing.
func ratio(numerators, denominators []Run, m metric, least float64) float64 {
	var ratios []float64
	for _, n := range numerators {
		for _, d := range denominators {
			if n.Round == d.Round && n.Failure == "" && d.Failure == "" && m(d) >= least {
				ratios = append(ratios, m(n)/m(d))
			}
		}
	}
	return median(ratios)
}
