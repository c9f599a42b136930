package load

import (
	"context"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
)

// Scenario is one way to use a server.
type Scenario struct {
	Name  string
	About string
	// Close tells that every request asks for its connection to be closed, Slow that servers must have the paths that
	// take their time.
	Close, Slow bool
	Load        Load
}

// Load measures a running server once.
type Load interface {
	Measure(ctx context.Context, p *fleet.Process, s Settings) (Sample, error)
}

// Settings are the same for all runs.
type Settings struct {
	// Root is the directory of the benchmarks module, Dir an existing one for temporary files.
	Root, Dir string
	// WrkPath is the program's path, ClientCPU the one on which it runs.
	WrkPath   string
	ClientCPU int
	// Duration of one run and of the warm-up before it, in whole seconds, as wrk wants them.
	Duration, WarmUp time.Duration
	// IdleConnections are opened in an idle scenario and watched for IdleWindow.
	IdleConnections int
	IdleWindow      time.Duration
}

// Sample is what one run gave: one of its parts.
type Sample struct {
	Throughput *Throughput `json:"throughput,omitempty"`
	Idle       *IdleCost   `json:"idle,omitempty"`
	Apart      *Apart      `json:"apart,omitempty"`
}

// Throughput is the outcome of a run of wrk.
type Throughput struct {
	Requests            int64   `json:"requests"`
	Seconds             float64 `json:"seconds"`
	ServerCPUSeconds    float64 `json:"server_cpu_seconds"`
	CPUMicrosPerRequest float64 `json:"cpu_us_per_request"`
	RequestsPerSecond   float64 `json:"requests_per_second"`
	// The percentiles are wrk's, which corrects them for coordinated omission; 0 is unknown.
	P50Micros float64 `json:"p50_us,omitempty"`
	P99Micros float64 `json:"p99_us,omitempty"`
	// RSSBytes is taken right after the run.
	RSSBytes int64 `json:"rss_bytes"`
	// ForeignCPUs is how many CPUs were busy on average with neither the server nor wrk: the run's noise.
	ForeignCPUs float64 `json:"foreign_cpus"`
}

// IdleCost is the outcome of an idle scenario.
type IdleCost struct {
	Connections        int     `json:"connections"`
	RSSBeforeBytes     int64   `json:"rss_before_bytes"`
	RSSAfterBytes      int64   `json:"rss_after_bytes"`
	BytesPerConnection float64 `json:"bytes_per_connection"`
	WindowSeconds      float64 `json:"window_seconds"`
	// CPUMillis is the CPU time that the server used in the window, in steps of 10 ms.
	CPUMillis float64 `json:"cpu_ms"`
}

// Scenarios returns all of them, in the order of the report.
func Scenarios() []Scenario {
	const closing = "GET / HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\r\n"
	return []Scenario{
		{
			Name: "get-64", About: "keep-alive GET, 64 connections",
			Load: Wrk{Connections: 64, Depth: 1, Head: smallGet},
		},
		{
			Name: "get-512", About: "keep-alive GET, 512 connections",
			Load: Wrk{Connections: 512, Depth: 1, Head: smallGet},
		},
		{
			Name: "pipeline-16", About: "16 pipelined GETs, 64 connections",
			Load: Wrk{Connections: 64, Depth: 16, Head: smallGet},
		},
		{
			Name: "browser", About: "keep-alive GET with a browser's 14 fields, 64 connections",
			Load: Wrk{Connections: 64, Depth: 1, HeadFile: "../parser/testdata/browser-request.http"},
		},
		{
			Name: "close", About: "a connection for each request, 64 at a time", Close: true,
			Load: Wrk{Connections: 64, Depth: 1, Head: closing},
		},
		{
			Name: "slow-2", About: "keep-alive GET, 512 connections, 2 % of the requests block for 20 ms", Slow: true,
			Load: Wrk{Connections: 512, Depth: 1, Head: smallGet, Percent: 2, Costly: slow},
		},
		{
			Name: "slow-2-64", About: "keep-alive GET, 64 connections, 2 % of the requests block for 20 ms", Slow: true,
			Load: Wrk{Connections: 64, Depth: 1, Head: smallGet, Percent: 2, Costly: slow},
		},
		{
			Name: "beside-slow", Slow: true,
			About: "latency of the fast requests on 64 connections, first alone, then with 2 % that block for 20 ms",
			Load:  Beside{Connections: 64, Percent: 2, Costly: slow},
		},
		{
			Name: "sleep-5", About: "keep-alive GET, 256 connections, every request blocks for 5 ms", Slow: true,
			Load: Wrk{Connections: 256, Depth: 1, Head: sleep.Head, Percent: 100, Costly: sleep},
		},
		{
			Name: "cpu-30", About: "keep-alive GET, 64 connections, 30 % of the requests compute for 2 ms", Slow: true,
			Load: Wrk{Connections: 64, Depth: 1, Head: smallGet, Percent: 30, Costly: burn},
		},
		{
			Name: "idle", About: "open connections that ask for nothing after one request each",
			Load: Idle{},
		},
	}
}

const smallGet = "GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"
