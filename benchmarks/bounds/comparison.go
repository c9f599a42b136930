package main

import (
	"fmt"
	"slices"
)

// comparison is a figure without and with what may disturb it, measured in turns. Its ratio is the median of the rounds'
// ratios, so that a machine which is slow for a while is slow for both.
type comparison struct{ without, with, ratios []float64 }

func (c *comparison) add(without, with float64) {
	c.without = append(c.without, without)
	c.with = append(c.with, with)
	c.ratios = append(c.ratios, with/without)
}

func (c *comparison) alone() float64  { return median(c.without) }
func (c *comparison) beside() float64 { return median(c.with) }
func (c *comparison) ratio() float64  { return median(c.ratios) }

func (c comparison) String() string {
	return fmt.Sprintf("%.2f of that (%.2f–%.2f)", c.ratio(), slices.Min(c.ratios), slices.Max(c.ratios))
}

// median returns the middle of the values, of which there is at least one; of two middle ones the greater.
func median(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
