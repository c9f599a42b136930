package report

import (
	"fmt"
	"math"
	"strings"
)

// claim is something that Pollard says of itself, in terms of a scenario's figures.
type claim struct {
	scenario string
	what     string
	// The figure is the metric of server, divided round by round by that of against unless there is none.
	server, against string
	metric          metric
	// The figure must be most at most, and, unless least is negative, more than least; most is +Inf for no such limit.
	// With both infinite there is nothing to hold.
	least, most float64
	// orEqual lets least itself do.
	orEqual bool
}

const (
	ours   = "pollard-adaptive"
	inline = "pollard-inline"
	pooled = "pollard-pooled"
	// oursTLS is the server of this engine that speaks TLS.
	oursTLS = "pollard-tls"
	// onNetpoll has the pollers that Hertz has.
	onNetpoll = "pollard-netpoll"
)

// claims returns all of them. The first block is what people compare servers by; the second, that handlers that are fast
// pay nothing for those that are not, and those that are not get what a goroutine for each connection would give them.
func claims() []claim {
	const cpu, rate, p50 = "CPU/request", "requests/s", "p50 of the fast, beside slow ones ÷ alone"
	return []claim{
		atMost("get-64", cpu, floorServer, cpuPerRequest, 1.15),
		atMost("get-64", cpu, "nginx", cpuPerRequest, 1),
		atMost("get-64", cpu, "fasthttp", cpuPerRequest, 0.8),
		atMost("get-64", cpu, "hertz", cpuPerRequest, 0.75),
		atMost("get-64", cpu, "nethttp", cpuPerRequest, 0.55),
		atMost("get-512", cpu, floorServer, cpuPerRequest, 1.15),
		atMost("get-512", cpu, "nginx", cpuPerRequest, 1),
		atMost("get-512", cpu, "fasthttp", cpuPerRequest, 0.8),
		atMost("get-512", cpu, "hertz", cpuPerRequest, 0.75),
		atMost("get-512", cpu, "nethttp", cpuPerRequest, 0.55),
		atMost("get-512", "p99", "nginx", p99, 1.2),
		atMost("pipeline-16", cpu, floorServer, cpuPerRequest, 1.4),
		atMost("pipeline-16", cpu, "fasthttp", cpuPerRequest, 0.55),
		atMost("pipeline-16", cpu, "nginx", cpuPerRequest, 0.1),
		atMost("browser", cpu, floorServer, cpuPerRequest, 1.2),
		atMost("browser", cpu, "fasthttp", cpuPerRequest, 0.75),
		atLeast("close", "connections/s", "nginx", 1),
		atLeast("close", "connections/s", "fasthttp", 1.3),
		compared("close", "CPU/connection", "nginx", cpuPerRequest),
		compared("close", "CPU/connection", "fasthttp", cpuPerRequest),
		atMost("file-10k", cpu, "nginx", cpuPerRequest, 1),
		atMost("file-1m", cpu, "nginx", cpuPerRequest, 1.1),
		{scenario: "upload-20m", what: "bytes/s", server: ours, against: "fasthttp", metric: bytesPerSecond,
			least: 1, most: math.Inf(1), orEqual: true},
		atMost("upload-20m", "RSS MiB, at most", "", peakMebibytes, 32),
		atMost("idle", "bytes/connection", "", bytesPerConnection, 500),
		atMost("active-10000", "CPU/request, 10,000 connections ÷ 64", "", secondToFirst, 1.3),
		atMost("beside-idle", "CPU/request, beside idle ones ÷ alone", "", secondToFirst, 1.05),
		{scenario: "get-64", what: cpu, server: onNetpoll, against: "hertz", metric: cpuPerRequest, least: -1, most: 1},
		{scenario: "get-512", what: cpu, server: onNetpoll, against: "hertz", metric: cpuPerRequest, least: -1, most: 1},
		{scenario: "tls-64", what: cpu, server: oursTLS, against: "nethttp", metric: cpuPerRequest, least: -1, most: 1},
		{scenario: "tls-64", what: rate, server: oursTLS, against: "nethttp", metric: requestsPerSecond,
			least: 1, most: math.Inf(1), orEqual: true},
		{scenario: "tls-idle", what: "bytes/connection", server: oursTLS, against: "nethttp", metric: bytesPerConnection,
			least: -1, most: 0.6},

		atMost("get-64", cpu, inline, cpuPerRequest, 1.05),
		atMost("get-512", cpu, inline, cpuPerRequest, 1.05),
		atMost("pipeline-16", cpu, inline, cpuPerRequest, 1.05),
		atLeast("slow-2-64", rate, pooled, 0.9),
		{scenario: "slow-2-64", what: rate, server: ours, against: "fasthttp", metric: requestsPerSecond,
			least: 1, most: math.Inf(1)},
		atMost("beside-slow", p50, "", besideToAlone, 1.5),
		atLeast("sleep-5", rate, "fasthttp", 0.95),
		atLeast("cpu-30", rate, "fasthttp", 1),
	}
}

func atMost(scenario, what, against string, m metric, most float64) claim {
	return claim{scenario: scenario, what: what, server: ours, against: against, metric: m, least: -1, most: most}
}

func atLeast(scenario, what, against string, least float64) claim {
	return claim{scenario: scenario, what: what, server: ours, against: against, metric: requestsPerSecond,
		least: least, most: math.Inf(1), orEqual: true}
}

// compared is no claim but a figure that is to be seen beside one.
func compared(scenario, what, against string, m metric) claim {
	return claim{scenario: scenario, what: what, server: ours, against: against, metric: m,
		least: math.Inf(-1), most: math.Inf(1)}
}

func (c *claim) isBare() bool { return math.IsInf(c.most, 1) && math.IsInf(c.least, -1) }

func (c *claim) holds(figure float64) bool {
	return figure <= c.most && (figure > c.least || c.orEqual && figure == c.least)
}

func (c *claim) bound() string {
	switch {
	case c.isBare():
		return "–"
	case !math.IsInf(c.most, 1):
		return fmt.Sprintf("≤ %.2f", c.most)
	case c.orEqual:
		return fmt.Sprintf("≥ %.2f", c.least)
	}
	return fmt.Sprintf("> %.2f", c.least)
}

// figure returns the claim's, or NaN if what it needs was not measured.
func (c *claim) figure(r *Results) float64 { return c.figureOf(r, c.server) }

// figureOf returns what the claim's figure would be if it were another server's.
func (c *claim) figureOf(r *Results, server string) float64 {
	of := r.of(c.scenario, server)
	switch c.against {
	case "":
		return median(values(of, c.metric))
	case server:
		return math.NaN()
	}
	return ratio(of, r.of(c.scenario, c.against), c.metric, 0)
}

// writeClaims lists the claims about which these results say something, with the same figure of the floor: what no server
// can be much better than.
func (r *Results) writeClaims(out *strings.Builder) {
	rows := [][]string{{"scenario", "figure", "of", "÷ of", "measured", "claimed", "holds", "the floor's"}}
	for _, c := range claims() {
		figure := c.figure(r)
		if math.IsNaN(figure) {
			continue
		}
		holds := "yes"
		switch {
		case c.isBare():
			holds = "for comparison"
		case !c.holds(figure):
			holds = "**no**"
		}
		rows = append(rows, []string{c.scenario, c.what, c.server, orDash(c.against), number("%.3f", figure), c.bound(), holds,
			number("%.3f", c.figureOf(r, floorServer))})
	}
	if len(rows) > 1 {
		out.WriteString("## Claims\n\n")
		writeTable(out, rows)
	}
}
