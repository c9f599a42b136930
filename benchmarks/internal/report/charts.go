package report

import (
	"math"
	"strings"

	"github.com/pollard-go/pollard/benchmarks/internal/chart"
)

// picture is a chart to be drawn where its scenarios were measured.
type picture struct {
	file      string
	title     string
	axis      string
	format    string
	scenarios []string
	metric    metric
}

func pictures() []picture {
	const cpu = "CPU µs per request, user and system"
	return []picture{
		{"cpu", "Keep-alive GET: CPU time per request", cpu, "%.1f", []string{"get-64", "get-512"}, cpuPerRequest},
		{"pipeline", "16 pipelined GETs: CPU time per request", cpu, "%.2f", []string{"pipeline-16"}, cpuPerRequest},
		{"close", "A connection for each request: CPU time per request", cpu, "%.1f", []string{"close"}, cpuPerRequest},
		{"idle", "Memory of an idle connection", "bytes of resident memory, without the kernel's", "%.0f", []string{"idle"},
			bytesPerConnection},
		{"latency", "512 connections at full load: 99th percentile", "ms", "%.1f", []string{"get-512"},
			func(r Run) float64 { return p99(r) / 1000 }},
		{"files", "Files of 1 and 10 KB: CPU time per request", cpu, "%.1f", []string{"file-1k", "file-10k"}, cpuPerRequest},
		{"uploads", "Uploads of 20 MB by 64 clients", "MB/s", "%.0f", []string{"upload-20m"},
			func(r Run) float64 { return bytesPerSecond(r) / 1e6 }},
	}
}

// Charts draws what was measured; the keys are names of files.
func (r *Results) Charts() (map[string][]byte, error) {
	drawn := make(map[string][]byte)
	for _, p := range pictures() {
		c := r.chart(&p)
		if c == nil {
			continue
		}
		svg, err := c.SVG()
		if err != nil {
			return nil, err
		}
		drawn[p.file+".svg"] = svg
	}
	return drawn, nil
}

// chart returns nil where fewer than two servers were measured in all of the picture's scenarios.
func (r *Results) chart(p *picture) *chart.Chart {
	c := &chart.Chart{
		Title: p.title, Axis: p.axis, Format: p.format,
		Own: func(name string) bool { return strings.Contains(name, "pollard") },
	}
	for _, scenario := range p.scenarios {
		c.Series = append(c.Series, chart.Series{Name: scenario})
	}
	for _, s := range r.Servers {
		medians := make([]float64, len(p.scenarios))
		complete := true
		for i, scenario := range p.scenarios {
			medians[i] = median(values(r.of(scenario, s.Name), p.metric))
			complete = complete && !math.IsNaN(medians[i])
		}
		if !complete {
			continue
		}
		c.Names = append(c.Names, s.Name)
		for i := range medians {
			c.Series[i].Values = append(c.Series[i].Values, medians[i])
		}
	}
	if len(c.Names) < 2 {
		return nil
	}
	return c
}
