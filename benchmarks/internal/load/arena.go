package load

import (
	"fmt"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/material"
)

// arena are the HttpArena board's HTTP/1.1 profiles, as far as one machine with two CPUs can run them: the requests are
// the board's, the connections are a part of its 4,096.
func arena() []Scenario {
	const connections = 512
	profile := func(name, about string, load Load) Scenario {
		return Scenario{Name: "arena-" + name, About: "HttpArena's " + name + " profile: " + about, Needs: fleet.Arena, Rounds: 2, Load: load}
	}
	sums := []Exchange{
		{getOf("/baseline11?a=13&b=42"), Answer{Body: "55"}},
		{"POST /baseline11?a=13&b=42 HTTP/1.1\r\nHost: localhost:8080\r\nContent-Type: text/plain\r\n" +
			"Content-Length: 2\r\n\r\n20", Answer{Body: "75"}},
		{"POST /baseline11?a=13&b=42 HTTP/1.1\r\nHost: localhost:8080\r\nContent-Type: text/plain\r\n" +
			"Transfer-Encoding: chunked\r\n\r\n2\r\n20\r\n0\r\n\r\n", Answer{Body: "75"}},
	}
	var documents []Exchange
	for _, pair := range [][2]int{{1, 3}, {5, 7}, {10, 2}, {15, 5}, {25, 4}, {40, 8}, {50, 6}} {
		documents = append(documents, Exchange{getOf(fmt.Sprintf("/json/%d?m=%d", pair[0], pair[1])),
			Answer{Type: "application/json", AnyBody: true}})
	}
	var assets []Exchange
	for _, f := range material.ArenaFiles {
		assets = append(assets, Exchange{"GET /static/" + f.Name + " HTTP/1.1\r\nHost: localhost:8080\r\n" +
			"Accept-Encoding: br;q=1, gzip;q=0.8\r\n\r\n", Answer{Type: "any", Bytes: f.Bytes}})
	}
	flow := profile("upload", "POST of 20 MB, 32 clients; the handler counts the bytes",
		Upload{Clients: 32, Path: "/upload", Bytes: 20 << 20})
	flow.Flow = true
	return []Scenario{
		profile("baseline", "GET and POST with a sum to answer, 512 connections",
			Wrk{Connections: connections, Depth: 1, Rotation: sums}),
		profile("pipelined", "16 pipelined GETs, 512 connections",
			Wrk{Connections: connections, Depth: 16, Head: getOf("/pipeline"), Answer: Answer{Body: "ok"}}),
		profile("limited-conn", "as baseline, a new connection after ten requests, 512 at a time",
			Limited{Connections: connections, Requests: 10, Rotation: sums}),
		profile("json", "1 to 50 items computed and encoded, 512 connections",
			Wrk{Connections: connections, Depth: 1, Rotation: documents}),
		flow,
		profile("static", "twenty files in turn, 512 connections",
			Wrk{Connections: connections, Depth: 1, Rotation: assets}),
	}
}
