package report

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// What stands between these lines of a README is the excerpt of the latest results.
const (
	excerptBegin = "<!-- figures: written by go run -C benchmarks . -render results/….json -->\n"
	excerptEnd   = "<!-- end of figures -->\n"
)

// excerptServers are the columns of the excerpt's table.
var excerptServers = []string{floorServer, inline, ours, "nginx", "fasthttp", "hertz", "gnet", "nbio", "nethttp"}

// excerptPictures are the charts of the excerpt.
var excerptPictures = []string{"cpu", "idle"}

// excerptRow is a line of it: a metric, as a multiple of the floor's or as it is.
type excerptRow struct {
	what     string
	scenario string
	metric   metric
	times    bool
	format   string
}

func excerptRows() []excerptRow {
	return []excerptRow{
		{"keep-alive, 64 connections, CPU × floor", "get-64", cpuPerRequest, true, "%.2f"},
		{"keep-alive, 512 connections, CPU × floor", "get-512", cpuPerRequest, true, "%.2f"},
		{"16 pipelined, CPU × floor", "pipeline-16", cpuPerRequest, true, "%.2f"},
		{"a browser's request, CPU × floor", "browser", cpuPerRequest, true, "%.2f"},
		{"a connection for each request, CPU × floor", "close", cpuPerRequest, true, "%.2f"},
		{"p99 with 512 connections, ms", "get-512", func(r Run) float64 { return p99(r) / 1000 }, false, "%.1f"},
		{"1 KB of JSON, CPU µs", "json-1k", cpuPerRequest, false, "%.1f"},
		{"file of 10 KB, CPU µs", "file-10k", cpuPerRequest, false, "%.1f"},
		{"upload of 20 MB, MB/s", "upload-20m", func(r Run) float64 { return bytesPerSecond(r) / 1e6 }, false, "%.0f"},
		{"bytes of an idle connection", "idle", bytesPerConnection, false, "%.0f"},
	}
}

// Excerpt returns what a README shows of the results: the main figures, and the charts from their directory.
func (r *Results) Excerpt(chartsDir string) string {
	var out strings.Builder
	kernel, _, _ := strings.Cut(r.Machine.Kernel, "-") // what follows names a build
	fmt.Fprintf(&out, "Measured on %s on one machine (%s, %d CPUs, Linux %s), the server on one CPU and the client on another, "+
		"medians of %d rounds:\n\n", r.Start.UTC().Format(time.DateOnly), r.Machine.CPU, r.Machine.CPUs, kernel, r.Rounds)
	var names []string
	for _, name := range excerptServers {
		for _, s := range r.Servers {
			if s.Name == name && s.Skipped == "" {
				names = append(names, name)
			}
		}
	}
	rows := [][]string{append([]string{""}, names...)}
	for _, e := range excerptRows() {
		cells, any := []string{e.what}, false
		for _, name := range names {
			figure := median(values(r.of(e.scenario, name), e.metric))
			if e.times {
				figure = ratio(r.of(e.scenario, name), r.of(e.scenario, floorServer), e.metric, 0)
			}
			any = any || !math.IsNaN(figure)
			cells = append(cells, strings.Replace(number(e.format, figure), "–", "", 1))
		}
		if any {
			rows = append(rows, cells)
		}
	}
	writeTable(&out, rows)
	for _, p := range pictures() {
		if slices.Contains(excerptPictures, p.file) && r.chart(&p) != nil {
			fmt.Fprintf(&out, "![%s](%s/%s.svg)\n", p.title, chartsDir, p.file)
		}
	}
	return out.String()
}

// Insert returns the text with the excerpt in its place. A text without the place is an error.
func Insert(text []byte, excerpt string) ([]byte, error) {
	before, rest, ok := bytes.Cut(text, []byte(excerptBegin))
	if !ok {
		return nil, fmt.Errorf("there is no line %q", excerptBegin)
	}
	_, after, ok := bytes.Cut(rest, []byte(excerptEnd))
	if !ok {
		return nil, fmt.Errorf("there is no line %q", excerptEnd)
	}
	return bytes.Join([][]byte{before, []byte(excerptBegin), []byte(excerpt), []byte(excerptEnd), after}, nil), nil
}
