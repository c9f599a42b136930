package load

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/material"
	"github.com/pollard-go/pollard/benchmarks/internal/work"
)

const smallGet = "GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"

// Scenarios returns all of them, in the order of the report.
func Scenarios() []Scenario {
	return slices.Concat(keepAlive(), answers(), costly(), files(), connections(), secured(), arena())
}

// common are the servers of scenarios that tell little of the others; a run of everything is to take 25 minutes.
var common = []string{"floor", "pollard-inline", "pollard-adaptive", "nginx", "fasthttp", "hertz", "nethttp"}

// withHandlers are the servers of scenarios that are less about the network than about the handler.
var withHandlers = []string{"pollard-adaptive", "fasthttp", "hertz", "nbio", "nethttp"}

func get(name string, connections int) Scenario {
	return Scenario{
		Name: name, About: fmt.Sprintf("keep-alive GET, %d connections", connections), Needs: fleet.Plain,
		Load: Wrk{Connections: connections, Depth: 1, Head: smallGet},
	}
}

func keepAlive() []Scenario {
	const closing = "GET / HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n\r\n"
	one, most := get("get-1", 1), get("get-4096", 4096)
	one.About, one.Peers, most.Peers = "keep-alive GET, one connection", common, common
	return []Scenario{
		one, get("get-64", 64), get("get-512", 512), most,
		{
			Name: "pipeline-16", About: "16 pipelined GETs, 64 connections", Needs: fleet.Plain,
			Load: Wrk{Connections: 64, Depth: 16, Head: smallGet},
		},
		{
			Name: "browser", About: "keep-alive GET with a browser's 14 fields, 64 connections", Needs: fleet.Plain,
			Peers: common,
			Load:  Wrk{Connections: 64, Depth: 1, HeadFile: "../parser/testdata/browser-request.http"},
		},
		{
			Name: "close", About: "a connection for each request, 64 at a time", Needs: fleet.Plain, Close: true,
			Peers: append(slices.Clone(common), "h2o"),
			Load:  Wrk{Connections: 64, Depth: 1, Head: closing},
		},
	}
}

// answers are requests and answers that are more than a few bytes.
func answers() []Scenario {
	const bodyBytes = 1024
	post := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost:8080\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s",
		work.CountPath, bodyBytes, strings.Repeat("0123456789abcdef", bodyBytes/16))
	return []Scenario{
		{
			Name: "post-1k", About: "POST of 1 KB that the handler reads, 64 connections", Needs: fleet.Count,
			Peers: withHandlers,
			Load:  Wrk{Connections: 64, Depth: 1, Head: post, Answer: Answer{Body: fmt.Sprint(bodyBytes)}},
		},
		{
			Name: "json-1k", About: "GET of 1 KB of JSON, encoded by encoding/json, 64 connections", Needs: fleet.JSON,
			Peers: withHandlers,
			Load: Wrk{Connections: 64, Depth: 1, Head: getOf("/json"),
				Answer: Answer{Type: work.JSONType, Body: string(work.Document())}},
		},
		{
			Name:  "chunked",
			About: fmt.Sprintf("GET of %d chunks of %d bytes, each flushed, 64 connections", work.Chunks, work.ChunkBytes),
			Needs: fleet.Chunked, Peers: withHandlers,
			Load: Wrk{Connections: 64, Depth: 1, Head: getOf(work.ChunksPath),
				Answer: Answer{Body: strings.Repeat(string(work.Chunk), work.Chunks), Chunked: true}},
		},
	}
}

func getOf(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: localhost:8080\r\n\r\n" }

func costly() []Scenario {
	peers := []string{"pollard-adaptive", "pollard-pooled", "fasthttp"}
	return []Scenario{
		{
			Name: "slow-2", About: "keep-alive GET, 512 connections, 2 % of the requests block for 20 ms",
			Needs: fleet.Costly, Slow: true, Peers: peers,
			Load: Wrk{Connections: 512, Depth: 1, Head: smallGet, Percent: 2, Costly: slow},
		},
		{
			Name: "slow-2-64", About: "keep-alive GET, 64 connections, 2 % of the requests block for 20 ms",
			Needs: fleet.Costly, Slow: true, Peers: peers,
			Load: Wrk{Connections: 64, Depth: 1, Head: smallGet, Percent: 2, Costly: slow},
		},
		{
			Name: "beside-slow", Needs: fleet.Costly, Slow: true, Peers: []string{"pollard-adaptive", "fasthttp", "nethttp"},
			About: "latency of the fast requests on 64 connections, first alone, then with 2 % that block for 20 ms",
			Load:  Beside{Connections: 64, Percent: 2, Costly: slow},
		},
		{
			Name: "sleep-5", About: "keep-alive GET, 256 connections, every request blocks for 5 ms",
			Needs: fleet.Costly, Slow: true, Peers: []string{"pollard-adaptive", "fasthttp"},
			Load: Wrk{Connections: 256, Depth: 1, Head: sleep.Head, Percent: 100, Costly: sleep},
		},
		{
			Name: "cpu-30", About: "keep-alive GET, 64 connections, 30 % of the requests compute for 2 ms",
			Needs: fleet.Costly, Slow: true, Peers: []string{"pollard-adaptive", "fasthttp"},
			Load: Wrk{Connections: 64, Depth: 1, Head: smallGet, Percent: 30, Costly: burn},
		},
	}
}

// files are what other people's servers are most used for, and bodies in the other direction.
func files() []Scenario {
	peers := []string{"pollard-adaptive", "nginx", "h2o", "fasthttp", "nethttp"}
	small := func(name, size string, f material.File, connections int) Scenario {
		return Scenario{
			Name: name, About: fmt.Sprintf("GET of a file of %s, %d connections", size, connections),
			Needs: fleet.Files, Peers: peers,
			Load: Wrk{Connections: connections, Depth: 1, Head: getOf(work.FilesPrefix + f.Name),
				Answer: Answer{Bytes: f.Bytes}},
		}
	}
	return []Scenario{
		small("file-1k", "1 KB", material.File1KB, 64),
		small("file-10k", "10 KB", material.File10KB, 64),
		small("file-1m", "1 MB", material.File1MB, 16),
		{
			Name: "file-100m", About: "GET of a file of 100 MB, 4 connections; the client throws the bytes away uncopied",
			Needs: fleet.Files, Peers: peers, Flow: true, Rounds: 2,
			Load: Download{Connections: 4, Path: work.FilesPrefix + material.File100MB.Name, Bytes: material.File100MB.Bytes},
		},
		{
			Name: "upload-20m", About: "POST of 20 MB that the handler reads, 64 clients at a time",
			Needs: fleet.Large, Peers: []string{"pollard-adaptive", "fasthttp", "hertz", "nethttp"}, Flow: true,
			Load: Upload{Clients: 64, Path: work.CountPath, Bytes: 20 << 20},
		},
	}
}

// connections are about their number.
func connections() []Scenario {
	peers := []string{"floor", "pollard-adaptive", "nginx", "fasthttp", "nethttp"}
	active := Wrk{Connections: 64, Depth: 1, Head: smallGet}
	return []Scenario{
		{
			Name: "active-10000", About: "keep-alive GET, first on 64 connections, then on 10,000", Needs: fleet.Plain,
			Peers: peers, Rounds: 2, Load: Two{First: Kept{64}, Second: Kept{10_000}},
		},
		{
			Name: "beside-idle", Needs: fleet.Plain, Peers: peers, Rounds: 2,
			About: "keep-alive GET, 64 connections, first alone, then beside idle ones (15,000 unless asked otherwise)",
			Load:  Two{First: active, Second: active, BesideIdle: true},
		},
		{
			Name: "idle", About: "open connections that ask for nothing after one request each", Needs: fleet.Plain,
			Rounds: 1, Load: Idle{},
		},
		{
			Name: "startup", About: "from the program's start to its first answer", Needs: fleet.Plain,
			Rounds: 10, Load: Start{},
		},
	}
}

func secured() []Scenario {
	return []Scenario{
		{
			Name: "tls-64", About: "keep-alive GET over TLS, 64 connections", Needs: fleet.TLS,
			Load: Wrk{Connections: 64, Depth: 1, Head: smallGet},
		},
		{
			Name: "tls-idle", About: "open TLS connections that ask for nothing after one request each", Needs: fleet.TLS,
			Rounds: 1, Load: Idle{AtMost: 2000},
		},
	}
}
