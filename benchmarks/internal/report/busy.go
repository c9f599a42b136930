package report

import (
	"slices"
	"strings"
)

const (
	// clientFull of its CPU is what a client at its limit has, which shares it with interrupts and with the harness.
	clientFull = 0.8
	// serverIdler is the part of the client's share of its CPU up to which the server's tells that it waited.
	serverIdler = 0.9
)

// limitMark stands at rates that are the client's.
const limitMark = " †"

// serverBusy and clientBusy are shares of a CPU.
func serverBusy(r Run) float64 { return r.Throughput.ServerCPUSeconds / r.Throughput.Seconds }
func clientBusy(r Run) float64 { return known(r.Throughput.ClientCPUSeconds) / r.Throughput.Seconds }

// isClientLimit tells that in these runs the client's CPU was full and the server's was not, so that the rate is what the
// client can do.
func isClientLimit(runs []Run) bool {
	server, client := median(values(runs, serverBusy)), median(values(runs, clientBusy))
	return client >= clientFull && server < serverIdler*client
}

// markClientLimits marks the rates in the column with the head.
func markClientLimits(rows [][]string, names []string, runs map[string][]Run, head string) {
	at := slices.Index(rows[0], head)
	for i, name := range names {
		if isClientLimit(runs[name]) {
			rows[i+1][at] += limitMark
		}
	}
}

// writeClientLimit explains the marks, if there are any.
func writeClientLimit(out *strings.Builder, runs map[string][]Run) {
	for _, of := range runs {
		if isClientLimit(of) {
			out.WriteString("†: the client's CPU was full before the server's; how much it gets done is the client's figure, " +
				"not the server's.\n\n")
			return
		}
	}
}
