package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// floorServer is the one whose figures are the unit of the first ratio.
	floorServer = "floor"
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
		out.WriteString("**Interrupted**: the last rounds are missing; each section says how many it has.\n\n")
	}
	rows := [][]string{{"server", "version", "is", "program MiB"}}
	for _, s := range r.Servers {
		version := orDash(s.Version)
		if s.Skipped != "" {
			version = "skipped: " + oneLine(s.Skipped)
		}
		rows = append(rows, []string{s.Name, version, s.About, number("%.1f", known(mebi(s.ProgramBytes)))})
	}
	writeTable(&out, rows)
	r.writeClaims(&out)
	r.writeDisturbed(&out)
	for _, s := range r.Scenarios {
		r.writeScenario(&out, s)
	}
	return out.String()
}

func (r *Results) writeScenario(out *strings.Builder, s Scenario) {
	runs, names := r.byServer(s.Name)
	fmt.Fprintf(out, "## %s\n\n%s: %s.\n\n", s.Name, upperFirst(s.About), roundsOf(s, names, runs))
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
	has := func(part func(Run) bool) bool { return anyRun(runs, part) }
	switch {
	case has(func(run Run) bool { return run.Idle != nil }):
		writeTable(out, idleRows(names, runs))
		ratios("Memory per connection", bytesPerConnection, leastBytes)
	case has(func(run Run) bool { return run.Apart != nil }):
		writeTable(out, apartRows(names, runs))
	case has(func(run Run) bool { return run.Pair != nil }):
		writeTable(out, pairRows(names, runs))
	case has(func(run Run) bool { return run.Startup != nil }):
		writeTable(out, startupRows(names, runs))
	case !has(func(run Run) bool { return run.Throughput != nil }):
	case s.Flow:
		writeTable(out, flowRows(names, runs))
		writeClientLimit(out, runs)
		ratios("Bytes per second", bytesPerSecond, 0)
	default:
		writeTable(out, throughputRows(names, runs))
		writeClientLimit(out, runs)
		ratios("CPU time per request", cpuPerRequest, 0)
		if s.Slow || s.Close {
			ratios("Requests per second", requestsPerSecond, 0)
		}
	}
	r.writeWarnings(out, s.Name, runs)
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

func writeTable(out *strings.Builder, rows [][]string) {
	for i, row := range rows {
		fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			out.WriteString("|" + strings.Repeat("---|", len(row)) + "\n")
		}
	}
	out.WriteString("\n")
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
