package report

import (
	"fmt"
	"math"
	"strings"
)

// known turns the zero of an unknown figure into no number.
func known(v float64) float64 {
	if v == 0 {
		return math.NaN()
	}
	return v
}

func mebi(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func cpuPerRequest(r Run) float64      { return r.Throughput.CPUMicrosPerRequest }
func bytesPerConnection(r Run) float64 { return r.Idle.BytesPerConnection }
func requestsPerSecond(r Run) float64  { return r.Throughput.RequestsPerSecond }
func bytesPerSecond(r Run) float64     { return r.Throughput.BytesPerSecond }
func p99(r Run) float64                { return known(r.Throughput.P99Micros) }
func peakMebibytes(r Run) float64      { return mebi(r.Throughput.PeakRSSBytes) }
func besideToAlone(r Run) float64      { return r.Apart.Beside.P50Micros / r.Apart.Alone.P50Micros }
func secondToFirst(r Run) float64 {
	return r.Pair.Second.CPUMicrosPerRequest / r.Pair.First.CPUMicrosPerRequest
}

// column is one of a table of medians.
type column struct {
	head   string
	format string
	metric metric
}

// medianRows makes a table of the columns' medians, with a column of the spread of the first one.
func medianRows(names []string, runs map[string][]Run, columns []column) [][]string {
	head := []string{"server", columns[0].head, "min–max"}
	for _, c := range columns[1:] {
		head = append(head, c.head)
	}
	rows := [][]string{head}
	for _, name := range names {
		cells := []string{name}
		for i, c := range columns {
			all := values(runs[name], c.metric)
			cells = append(cells, number(c.format, median(all)))
			if i == 0 {
				cells = append(cells, spread(c.format, all))
			}
		}
		rows = append(rows, cells)
	}
	return rows
}

func throughputRows(names []string, runs map[string][]Run) [][]string {
	rows := medianRows(names, runs, []column{
		{"CPU µs/request", "%.2f", cpuPerRequest},
		{"user", "%.2f", func(r Run) float64 { return r.Throughput.UserMicrosPerRequest }},
		{"system", "%.2f", func(r Run) float64 { return r.Throughput.SystemMicrosPerRequest }},
		{"requests/s", "%.0f", requestsPerSecond},
		{"server busy", "%.2f", serverBusy},
		{"client busy", "%.2f", clientBusy},
		{"p50 µs", "%.0f", func(r Run) float64 { return known(r.Throughput.P50Micros) }},
		{"p99 µs", "%.0f", p99},
		{"p99.9 µs", "%.0f", func(r Run) float64 { return known(r.Throughput.P999Micros) }},
		{"RSS MiB", "%.1f", func(r Run) float64 { return mebi(r.Throughput.RSSBytes) }},
		{"allocations/request", "%.2f", allocations},
	})
	markClientLimits(rows, names, runs, "requests/s")
	// How many times the floor's, after what it is of.
	const after = 3
	rows[0] = insert(rows[0], after, "× floor")
	for i, name := range names {
		rows[i+1] = insert(rows[i+1], after, factor(ratio(runs[name], runs[floorServer], cpuPerRequest, 0)))
	}
	return rows
}

func insert(cells []string, at int, cell string) []string {
	return append(cells[:at:at], append([]string{cell}, cells[at:]...)...)
}

func allocations(r Run) float64 {
	if r.Throughput.AllocationsPerRequest == nil {
		return math.NaN()
	}
	return *r.Throughput.AllocationsPerRequest
}

func flowRows(names []string, runs map[string][]Run) [][]string {
	rows := medianRows(names, runs, []column{
		{"MB/s", "%.0f", func(r Run) float64 { return r.Throughput.BytesPerSecond / 1e6 }},
		{"CPU ms/request", "%.2f", func(r Run) float64 { return r.Throughput.CPUMicrosPerRequest / 1e3 }},
		{"user", "%.2f", func(r Run) float64 { return r.Throughput.UserMicrosPerRequest / 1e3 }},
		{"system", "%.2f", func(r Run) float64 { return r.Throughput.SystemMicrosPerRequest / 1e3 }},
		{"server busy", "%.2f", serverBusy},
		{"client busy", "%.2f", clientBusy},
		{"RSS MiB after", "%.1f", func(r Run) float64 { return mebi(r.Throughput.RSSBytes) }},
		{"at most", "%.1f", func(r Run) float64 { return known(peakMebibytes(r)) }},
	})
	markClientLimits(rows, names, runs, "MB/s")
	return rows
}

func idleRows(names []string, runs map[string][]Run) [][]string {
	return medianRows(names, runs, []column{
		{"bytes/connection", "%.0f", bytesPerConnection},
		{"connections", "%.0f", func(r Run) float64 { return float64(r.Idle.Connections) }},
		{"RSS MiB before", "%.1f", func(r Run) float64 { return mebi(r.Idle.RSSBeforeBytes) }},
		{"after", "%.1f", func(r Run) float64 { return mebi(r.Idle.RSSAfterBytes) }},
		{"CPU ms while idle", "%.0f", func(r Run) float64 { return r.Idle.CPUMillis }},
		{"for s", "%.0f", func(r Run) float64 { return r.Idle.WindowSeconds }},
	})
}

func pairRows(names []string, runs map[string][]Run) [][]string {
	return medianRows(names, runs, []column{
		{"CPU µs/request, second ÷ first", "%.2f", secondToFirst},
		{"first", "%.2f", func(r Run) float64 { return r.Pair.First.CPUMicrosPerRequest }},
		{"second", "%.2f", func(r Run) float64 { return r.Pair.Second.CPUMicrosPerRequest }},
		{"requests/s first", "%.0f", func(r Run) float64 { return r.Pair.First.RequestsPerSecond }},
		{"second", "%.0f", func(r Run) float64 { return r.Pair.Second.RequestsPerSecond }},
		{"p99 µs first", "%.0f", func(r Run) float64 { return r.Pair.First.P99Micros }},
		{"second", "%.0f", func(r Run) float64 { return r.Pair.Second.P99Micros }},
		{"RSS MiB", "%.1f", func(r Run) float64 { return mebi(r.Pair.Second.RSSBytes) }},
	})
}

func startupRows(names []string, runs map[string][]Run) [][]string {
	return medianRows(names, runs, []column{
		{"first answer after ms", "%.1f", func(r Run) float64 { return r.Startup.FirstAnswerMillis }},
		{"RSS MiB then", "%.1f", func(r Run) float64 { return mebi(r.Startup.RSSBytes) }},
	})
}

func apartRows(names []string, runs map[string][]Run) [][]string {
	return medianRows(names, runs, []column{
		{"p50, beside slow ones ÷ alone", "%.2f", besideToAlone},
		{"p50 µs alone", "%.0f", func(r Run) float64 { return r.Apart.Alone.P50Micros }},
		{"beside slow ones", "%.0f", func(r Run) float64 { return r.Apart.Beside.P50Micros }},
		{"p99 µs alone", "%.0f", func(r Run) float64 { return r.Apart.Alone.P99Micros }},
		{"beside slow ones", "%.0f", func(r Run) float64 { return r.Apart.Beside.P99Micros }},
		{"p50 µs of the slow", "%.0f", func(r Run) float64 { return r.Apart.Costly.P50Micros }},
		{"requests/s", "%.0f", func(r Run) float64 { return r.Apart.RequestsPerSecond }},
	})
}

// ratioRows compares our servers, or all where there is none of ours, with all.
func ratioRows(names []string, runs map[string][]Run, m metric, least float64) [][]string {
	rows := [][]string{append([]string{""}, names...)}
	for _, row := range ourOwn(names) {
		cells := []string{row}
		for _, column := range names {
			cell := ""
			if row != column {
				cell = factor(ratio(runs[row], runs[column], m, least))
			}
			cells = append(cells, cell)
		}
		rows = append(rows, cells)
	}
	return rows
}

func ourOwn(names []string) []string {
	var own []string
	for _, name := range names {
		if strings.Contains(name, "pollard") {
			own = append(own, name)
		}
	}
	if own == nil {
		return names
	}
	return own
}

func number(format string, v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return fmt.Sprintf(format, v)
}
