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
	least, most float64
	// orEqual lets least itself do.
	orEqual bool
}

const (
	ours   = "pollard-adaptive"
	inline = "pollard-inline"
	pooled = "pollard-pooled"
)

// claims returns all of them: handlers that are fast pay nothing for those that are not, and those that are not get what
// a goroutine for each connection would give them.
func claims() []claim {
	cpu, rate, p50 := "CPU/request", "requests/s", "p50 of the fast, beside slow ones ÷ alone"
	return []claim{
		{scenario: "get-64", what: cpu, server: ours, against: inline, metric: cpuPerRequest, least: -1, most: 1.05},
		{scenario: "get-512", what: cpu, server: ours, against: inline, metric: cpuPerRequest, least: -1, most: 1.05},
		{scenario: "pipeline-16", what: cpu, server: ours, against: inline, metric: cpuPerRequest, least: -1, most: 1.05},
		atLeast("slow-2-64", rate, pooled, 0.9),
		{scenario: "slow-2-64", what: rate, server: ours, against: "fasthttp", metric: requestsPerSecond,
			least: 1, most: math.Inf(1)},
		{scenario: "beside-slow", what: p50, server: ours, metric: besideToAlone, least: -1, most: 1.5},
		atLeast("sleep-5", rate, "fasthttp", 0.95),
		atLeast("cpu-30", rate, "fasthttp", 1),
	}
}

func atLeast(scenario, what, against string, least float64) claim {
	return claim{scenario: scenario, what: what, server: ours, against: against, metric: requestsPerSecond,
		least: least, most: math.Inf(1), orEqual: true}
}

func (c *claim) holds(figure float64) bool {
	return figure <= c.most && (figure > c.least || c.orEqual && figure == c.least)
}

func (c *claim) bound() string {
	switch {
	case !math.IsInf(c.most, 1):
		return fmt.Sprintf("≤ %.2f", c.most)
	case c.orEqual:
		return fmt.Sprintf("≥ %.2f", c.least)
	}
	return fmt.Sprintf("> %.2f", c.least)
}

// figure returns the claim's, or NaN if what it needs was not measured.
func (c *claim) figure(r *Results) float64 {
	of := r.of(c.scenario, c.server)
	if c.against == "" {
		return median(values(of, c.metric))
	}
	return ratio(of, r.of(c.scenario, c.against), c.metric, 0)
}

// writeClaims lists the claims about which these results say something.
func (r *Results) writeClaims(out *strings.Builder) {
	rows := [][]string{{"scenario", "figure", "of", "÷ of", "measured", "claimed", "holds"}}
	for _, c := range claims() {
		figure := c.figure(r)
		if math.IsNaN(figure) {
			continue
		}
		holds := "yes"
		if !c.holds(figure) {
			holds = "**no**"
		}
		rows = append(rows, []string{c.scenario, c.what, c.server, orDash(c.against), number("%.3f", figure), c.bound(), holds})
	}
	if len(rows) > 1 {
		out.WriteString("## Claims\n\n")
		writeTable(out, rows)
	}
}
