package conn_test

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pollard-go/pollard/conn"
)

// The simulation joins conn and timers with a scripted socket, a peer and
// handlers, all from one seed: whatever it finds can be seen again.
//
//	sim_world_test.go    the socket, the clock and the driver
//	sim_peer_test.go     the peer: what it sends, when it reads, how it ends
//	sim_handler_test.go  the handlers
//	sim_answers_test.go  a strict reader of what the server sends
//	sim_check_test.go    what must hold
//	sim_found_test.go    what it found, in the fewest calls

var (
	simSeed  = flag.Int64("seed", -1, "run this seed of TestSimulation alone, and print its trace")
	simSeeds = flag.Int("seeds", 3000, "how many seeds TestSimulation runs")
)

// simulate runs one seed and returns what went wrong, "" if nothing did.
func simulate(seed uint64, trace func(string)) (w *simWorld, failure string) {
	w = newSimWorld(seed)
	w.trace = trace
	defer func() {
		switch p := recover().(type) {
		case nil:
		case simFailure:
			failure = p.text
		default:
			failure = fmt.Sprintf("at %v: panic: %v", w.now, p)
			if trace != nil {
				trace(string(debug.Stack()))
			}
		}
	}()
	w.run()
	return w, ""
}

func TestSimulation(t *testing.T) {
	if *simSeed >= 0 {
		reportSimulation(t, uint64(*simSeed), 1<<20)
		return
	}
	var next, failed atomic.Int64
	var reached [conn.NumReasons]atomic.Int64
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for failed.Load() < 5 {
				seed := uint64(next.Add(1) - 1)
				if seed >= uint64(*simSeeds) {
					return
				}
				w, failure := simulate(seed, nil)
				if failure != "" {
					failed.Add(1)
					reportSimulation(t, seed, 40)
					continue
				}
				reached[w.c.Reason()].Add(1)
			}
		}()
	}
	wait.Wait()
	for r := conn.ReasonNone + 1; r < conn.NumReasons && *simSeeds >= 3000; r++ {
		if r == conn.ReasonShed || r == conn.ReasonRefused || r == conn.ReasonHijacked || r == conn.ReasonHandshake || r == conn.ReasonOverrun {
			continue // told by a driver that has many connections, or gives one away
		}
		if reached[r].Load() == 0 {
			t.Errorf("no simulated connection ended for the reason %q: too tame", r)
		}
	}
	if testing.Verbose() {
		for r := range reached {
			t.Logf("%6d %v", reached[r].Load(), conn.Reason(r))
		}
	}
}

// reportSimulation runs a seed again and prints the end of its trace.
func reportSimulation(t *testing.T, seed uint64, lines int) {
	t.Helper()
	var trace []string
	_, failure := simulate(seed, func(line string) { trace = append(trace, line) })
	trace = trace[max(0, len(trace)-lines):]
	text := fmt.Sprintf("seed %d: %s\nagain: go test -run TestSimulation -seed=%d\n%s", seed, failure, seed, strings.Join(trace, "\n"))
	if failure != "" {
		t.Error(text)
		return
	}
	t.Log(text)
}
