package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

const (
	// floorServer is the one whose figures are the unit of the first ratio.
	floorServer = "floor"
	// noisyCPUs of foreign work on average in a scenario's median run are worth a warning.
	noisyCPUs = 0.1
	// leastBytes per connection make a ratio of memory meaningful.
	leastBytes = 16
)

// Markdown returns the report: what was measured where, and a section for each scenario.
func (r *Results) Markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "# Benchmarks, %s\n\n", r.Start.UTC().Format(time.DateTime+" MST"))
	fmt.Fprintf(&out, "%s, %d CPUs, Linux %s; revision %s. Medians of %d runs of %v each; the servers take turns.\n"+
		"Server and client have a CPU each. CPU is the server's user and system time.\n\n",
		r.Machine.CPU, r.Machine.CPUs, r.Machine.Kernel, orDash(r.Revision), r.Rounds, r.Duration)
	if r.Interrupted {
		out.WriteString("**Interrupted**: the last rounds are missing.\n\n")
	}
	rows := [][]string{{"server", "version", "is"}}
	for _, s := range r.Servers {
		version := orDash(s.Version)
		if s.Skipped != "" {
			version = "skipped: " + oneLine(s.Skipped)
		}
		rows = append(rows, []string{s.Name, version, s.About})
	}
	writeTable(&out, rows)
	for _, s := range r.Scenarios {
		r.writeScenario(&out, s)
	}
	r.writeClaims(&out)
	return out.String()
}

func (r *Results) writeScenario(out *strings.Builder, s Scenario) {
	fmt.Fprintf(out, "## %s\n\n%s.\n\n", s.Name, upperFirst(s.About))
	runs, names := r.byServer(s.Name)
	if len(names) == 0 {
		out.WriteString("No server ran.\n\n")
		return
	}
	ratios := func(what string, m metric, least float64) {
		if len(names) > 1 {
			fmt.Fprintf(out, "%s, row ÷ column:\n\n", what)
			writeTable(out, ratioRows(names, runs, m, least))
		}
	}
	switch {
	case anyRun(runs, func(run Run) bool { return run.Idle != nil }):
		writeTable(out, idleRows(names, runs))
		ratios("Memory per connection", bytesPerConnection, leastBytes)
	case anyRun(runs, func(run Run) bool { return run.Apart != nil }):
		writeTable(out, apartRows(names, runs))
	default:
		writeTable(out, throughputRows(names, runs))
		ratios("CPU time per request", cpuPerRequest, 0)
		if s.Slow {
			ratios("Requests per second", requestsPerSecond, 0)
		}
	}
	writeWarnings(out, names, runs)
}

// byServer returns the scenario's runs by server, with the servers in the report's order.
func (r *Results) byServer(scenario string) (map[string][]Run, []string) {
	runs := make(map[string][]Run)
	var names []string
	for _, s := range r.Servers {
		if of := r.of(scenario, s.Name); len(of) > 0 {
			runs[s.Name] = of
			names = append(names, s.Name)
		}
	}
	return runs, names
}

func anyRun(runs map[string][]Run, is func(Run) bool) bool {
	for _, of := range runs {
		if slices.ContainsFunc(of, is) {
			return true
		}
	}
	return false
}

// known turns the zero of an unknown latency into no number.
func known(micros float64) float64 {
	if micros == 0 {
		return math.NaN()
	}
	return micros
}

func cpuPerRequest(r Run) float64      { return r.Throughput.CPUMicrosPerRequest }
func bytesPerConnection(r Run) float64 { return r.Idle.BytesPerConnection }
func requestsPerSecond(r Run) float64  { return r.Throughput.RequestsPerSecond }
func besideToAlone(r Run) float64      { return r.Apart.Beside.P50Micros / r.Apart.Alone.P50Micros }

func throughputRows(names []string, runs map[string][]Run) [][]string {
	rows := [][]string{{"server", "CPU µs/request", "min–max", "× floor", "requests/s", "p50 µs", "p99 µs", "RSS MiB"}}
	for _, name := range names {
		of := runs[name]
		cpu := values(of, cpuPerRequest)
		middle := func(format string, m metric) string { return number(format, median(values(of, m))) }
		rows = append(rows, []string{
			name,
			number("%.2f", median(cpu)),
			spread("%.2f", cpu),
			factor(ratio(of, runs[floorServer], cpuPerRequest, 0)),
			middle("%.0f", func(r Run) float64 { return r.Throughput.RequestsPerSecond }),
			middle("%.0f", func(r Run) float64 { return known(r.Throughput.P50Micros) }),
			middle("%.0f", func(r Run) float64 { return known(r.Throughput.P99Micros) }),
			middle("%.1f", func(r Run) float64 { return float64(r.Throughput.RSSBytes) / (1 << 20) }),
		})
	}
	return rows
}

func idleRows(names []string, runs map[string][]Run) [][]string {
	rows := [][]string{{"server", "bytes/connection", "min–max", "connections", "RSS MiB before", "after", "CPU ms while idle", "for s"}}
	for _, name := range names {
		of := runs[name]
		bytes := values(of, bytesPerConnection)
		middle := func(format string, m metric) string { return number(format, median(values(of, m))) }
		rows = append(rows, []string{
			name,
			number("%.0f", median(bytes)),
			spread("%.0f", bytes),
			middle("%.0f", func(r Run) float64 { return float64(r.Idle.Connections) }),
			middle("%.1f", func(r Run) float64 { return float64(r.Idle.RSSBeforeBytes) / (1 << 20) }),
			middle("%.1f", func(r Run) float64 { return float64(r.Idle.RSSAfterBytes) / (1 << 20) }),
			middle("%.0f", func(r Run) float64 { return r.Idle.CPUMillis }),
			middle("%.0f", func(r Run) float64 { return r.Idle.WindowSeconds }),
		})
	}
	return rows
}

func apartRows(names []string, runs map[string][]Run) [][]string {
	rows := [][]string{{"server", "p50 µs alone", "beside slow ones", "ratio", "min–max", "p99 µs alone", "beside slow ones",
		"p50 µs of the slow", "requests/s"}}
	for _, name := range names {
		of := runs[name]
		ratios := values(of, besideToAlone)
		middle := func(m metric) string { return number("%.0f", median(values(of, m))) }
		rows = append(rows, []string{
			name,
			middle(func(r Run) float64 { return r.Apart.Alone.P50Micros }),
			middle(func(r Run) float64 { return r.Apart.Beside.P50Micros }),
			factor(median(ratios)),
			spread("%.2f", ratios),
			middle(func(r Run) float64 { return r.Apart.Alone.P99Micros }),
			middle(func(r Run) float64 { return r.Apart.Beside.P99Micros }),
			middle(func(r Run) float64 { return r.Apart.Costly.P50Micros }),
			middle(func(r Run) float64 { return r.Apart.RequestsPerSecond }),
		})
	}
	return rows
}

func ratioRows(names []string, runs map[string][]Run, m metric, least float64) [][]string {
	rows := [][]string{append([]string{""}, names...)}
	for _, row := range names {
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

// writeWarnings tells of failed runs, which are in no figure, and of noise.
func writeWarnings(out *strings.Builder, names []string, runs map[string][]Run) {
	var foreign []float64
	for _, name := range names {
		for _, run := range runs[name] {
			if run.Failure != "" {
				fmt.Fprintf(out, "- **failed**: %s, round %d: %s\n", name, run.Round, oneLine(run.Failure))
			} else if run.Throughput != nil {
				foreign = append(foreign, run.Throughput.ForeignCPUs)
			}
		}
	}
	if noise := median(foreign); noise > noisyCPUs {
		fmt.Fprintf(out, "- **noisy**: other programs kept %.2f CPUs busy in the median run\n", noise)
	}
	out.WriteString("\n")
}

func writeTable(out *strings.Builder, rows [][]string) {
	for i, row := range rows {
		fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			out.WriteString("|" + strings.Repeat("---|", len(row)) + "\n")
		}
	}
	out.WriteString("\n")
}

func number(format string, v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return fmt.Sprintf(format, v)
}

// factor shows a ratio with at least two digits that mean something.
func factor(v float64) string {
	if v > 0 && v < 0.1 {
		return number("%.3f", v)
	}
	return number("%.2f", v)
}

func spread(format string, values []float64) string {
	if len(values) == 0 {
		return "–"
	}
	return fmt.Sprintf(format+"–"+format, slices.Min(values), slices.Max(values))
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
