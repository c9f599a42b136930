package load

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/procfs"
)

func TestParseResult(t *testing.T) {
	const good = `{"requests":3000,"duration_us":1500000,"p50_us":10,"p99_us":90,"connect":0,"read":0,"write":0,"timeout":0,"status":0}`
	r, err := parseResult([]byte("Running 1s test\n  Requests/sec: 1\n\nresult " + good + "\n"))
	if err != nil || r.Requests != 3000 || r.took() != 1500*time.Millisecond || r.P99Micros != 90 {
		t.Errorf("got %+v, %v", r, err)
	}
	for name, stdout := range map[string]string{
		"no result":     "Running 1s test\n",
		"socket error":  "result " + strings.Replace(good, `"read":0`, `"read":1`, 1),
		"timeout":       "result " + strings.Replace(good, `"timeout":0`, `"timeout":1`, 1),
		"bad status":    "result " + strings.Replace(good, `"status":0`, `"status":7`, 1),
		"nothing done":  "result " + strings.Replace(good, `"requests":3000`, `"requests":0`, 1),
		"broken result": "result {",
	} {
		if _, err := parseResult([]byte(stdout)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A run on a machine so busy that nothing is answered in it says nothing about the server: it is made again, for longer.
func TestWrkRunsUntilSomethingIsAnswered(t *testing.T) {
	if _, err := exec.LookPath("taskset"); err != nil && os.Getenv("POLLARD_REQUIRE_PROGRAMS") != "1" {
		t.Skip(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, helloBody)
	}))
	defer server.Close()
	p := at(server.Listener)
	p.Pid = os.Getpid()
	s := Settings{Dir: t.TempDir(), Duration: time.Second}
	s.WrkPath = filepath.Join(s.Dir, "wrk")
	s.ClientCPU, _ = procfs.TwoCPUs()
	const script = `#!/bin/sh
# it has 7 requests answered if it is to run for 4 s
for arg; do
	if [ "$arg" = 4s ]; then n=7; fi
done
echo "result {\"requests\":${n:-0},\"duration_us\":4000000}"
`
	if err := os.WriteFile(s.WrkPath, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	sample, err := Wrk{Connections: 1, Depth: 1, Head: smallGet}.Measure(context.Background(), p, s)
	if err != nil || sample.Throughput.Requests != 7 || sample.Throughput.Seconds != 4 {
		t.Errorf("got %+v, %v", sample.Throughput, err)
	}
}

// at is a server that runs in the test itself.
func at(listener net.Listener) *fleet.Process { return &fleet.Process{Addr: listener.Addr().String()} }

func TestVerifyAnswersRefusesOtherWork(t *testing.T) {
	hello := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, helloBody)
	}
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		good    bool
	}{
		{"hello", hello, true},
		{"status", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404); hello(w, r) }, false},
		{"body", func(w http.ResponseWriter, r *http.Request) { hello(w, r); io.WriteString(w, "!") }, false},
		{"type", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, helloBody)
		}, false},
		{"no date", func(w http.ResponseWriter, r *http.Request) { w.Header()["Date"] = nil; hello(w, r) }, false},
		{"chunked", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.(http.Flusher).Flush()
			hello(w, r)
		}, false},
	} {
		server := httptest.NewServer(c.handler)
		for _, depth := range []int{1, 16} {
			err := verifyAnswers(context.Background(), at(server.Listener), []byte(smallGet), depth, Answer{})
			if (err == nil) != c.good {
				t.Errorf("%s, %d at once: %v", c.name, depth, err)
			}
		}
		server.Close()
	}
}

// A server that keeps a connection open which was to be closed would win the scenario by not taking part.
func TestVerifyAnswersWantsTheClose(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.Read(make([]byte, 1024))
		io.WriteString(conn, "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\n"+helloBody)
	}()
	err = verifyAnswers(context.Background(), at(listener), []byte("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 1,
		Answer{})
	if err == nil || !strings.Contains(err.Error(), "close asked") {
		t.Errorf("got %v", err)
	}
}

// A name that no server has would leave one out of every run, unseen.
func TestPeersAreServers(t *testing.T) {
	servers := make(map[string]bool)
	for _, s := range fleet.Table() {
		servers[s.Name] = true
	}
	for _, s := range Scenarios() {
		for _, peer := range s.Peers {
			if !servers[peer] {
				t.Errorf("%s: there is no server %s", s.Name, peer)
			}
		}
	}
}

func TestScenariosAreNamedOnce(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range Scenarios() {
		if s.Name == "" || s.About == "" || s.Load == nil || s.Needs == 0 || seen[s.Name] {
			t.Errorf("scenario %+v is incomplete or not the only one of its name", s)
		}
		seen[s.Name] = true
	}
}
