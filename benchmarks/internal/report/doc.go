// Package report turns samples into what is kept and read: raw JSON, and Markdown tables of medians with the ratios
// between servers.
//
// A ratio of two servers is the median of the ratios round by round, not the ratio of the medians: the servers take turns
// within a round, so that a machine which is slow for a while is slow for both and cancels out.
package report
