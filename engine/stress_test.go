package engine_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// The stress test has random peers send random requests to handlers that do
// anything that handlers may do. What a handler does follows from a number in
// the request's target, so the peer knows what it has been promised.
var (
	stressTime = flag.Duration("stress", 3*time.Second, "how long TestStress lasts in all")
	stressSeed = flag.Uint64("stressseed", 1, "what TestStress draws from; 0: the time")
)

const (
	stressRounds = 24
	stressPeers  = 24
)

// TestStress: every answer that was promised arrives whole and in order, and
// nothing remains.
func TestStress(t *testing.T) {
	seed := *stressSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-stressseed=%d", seed)
	pattern := make([]byte, patternBytes)
	for i, r := 0, rand.New(rand.NewPCG(1, 2)); i < len(pattern); i++ {
		pattern[i] = byte(r.Uint32())
	}
	name := filepath.Join(t.TempDir(), "pattern")
	if err := os.WriteFile(name, pattern, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range stressRounds {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		s := newStress(t, rng, i, pattern, name)
		ok := t.Run(fmt.Sprintf("%02d %v", i, s.options.Dispatch.Mode), func(t *testing.T) {
			s.t = t
			t.Logf("-stressseed=%d: %v", seed, s)
			s.run(*stressTime / stressRounds)
		})
		if !ok {
			break
		}
	}
}

// stress is one round: a server with random options, whose handlers do a random
// choice of things.
type stress struct {
	t       *testing.T
	round   uint64
	may     set // what plans are made of
	options engine.Options
	ending  roundEnd
	drawn   uint64 // for the peers

	pattern []byte // all content is a piece of it
	file    string // the same

	fixture *fixture
	over    atomic.Bool // the server ends: no more is promised
	later   atomic.Int64
	whole   atomic.Int64 // answers that came as promised
	broken  atomic.Int64 // that were broken off as they had to be
	errors  atomic.Int32
}

// roundEnd is how the server of a round comes to its end.
type roundEnd int

const (
	peersFirst roundEnd = iota // Shutdown when no peer is left
	shutDown                   // Shutdown while they are at work
	closeDown                  // Close, likewise
	roundEnds
)

func (e roundEnd) String() string { return [...]string{"peers first", "Shutdown", "Close"}[e] }

func newStress(t *testing.T, rng *rand.Rand, round int, pattern []byte, file string) *stress {
	s := &stress{t: t, round: uint64(round), pattern: pattern, file: file}
	s.may = set(rng.Uint32())
	s.ending = roundEnd(rng.IntN(int(roundEnds)))
	s.drawn = rng.Uint64()
	o := &s.options
	o.Dispatch.Mode = modes[round%len(modes)]
	o.Dispatch.Loops = 1 + rng.IntN(3)
	if rng.IntN(3) == 0 {
		o.Dispatch.Workers = 4 + rng.IntN(20)
	}
	if rng.IntN(3) == 0 {
		o.Dispatch.IdleWorkers = 1
	}
	if rng.IntN(3) == 0 {
		o.Limits.OutputBytes = 4 << 10
	}
	if rng.IntN(3) == 0 {
		o.Limits.DiscardBytes = -1
	}
	return s
}

func (s *stress) String() string {
	d, l := s.options.Dispatch, s.options.Limits
	return fmt.Sprintf("%v, end %v, loops %d, workers %d, output %d, discard %d",
		s.may, s.ending, d.Loops, d.Workers, l.OutputBytes, l.DiscardBytes)
}

// run lasts for so long, and until what was promised then has come.
func (s *stress) run(length time.Duration) {
	s.fixture = serve(s.t, s.options, s.handle)
	s.t.Cleanup(func() { // before the fixture looks for traces
		if !within(patience, func() bool { return s.later.Load() == 0 }) {
			s.t.Errorf("%d detached answers have not ended", s.later.Load())
		}
	})
	end := time.Now().Add(length)
	var peers sync.WaitGroup
	for i := range stressPeers {
		peers.Add(1)
		go func() {
			defer peers.Done()
			rng := rand.New(rand.NewPCG(s.drawn, uint64(i)))
			for time.Now().Before(end.Add(10*time.Millisecond)) && !s.over.Load() && s.errors.Load() == 0 {
				s.connect(rng)
			}
		}()
	}
	time.Sleep(time.Until(end))
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience) // for what slow peers have asked for ahead
	defer cancel()
	switch s.ending {
	case shutDown:
		s.over.Store(true)
		if err := s.fixture.Shutdown(ctx); err != nil {
			s.errorf("Shutdown: %v", err)
		}
	case closeDown:
		s.over.Store(true)
		if err := s.fixture.Close(); err != nil {
			s.errorf("Close: %v", err)
		}
	}
	peers.Wait()
	st := s.fixture.Stats()
	s.t.Logf("%d connections, %d requests, %d declined, %d stalls; %d answers whole, %d broken off as they had to be; ended by reason %v",
		st.Accepted, st.Requests, st.Declined, st.Stalls, s.whole.Load(), s.broken.Load(), st.Closed)
}

// errorf fails the test and ends the round: more of it would only hide the cause.
func (s *stress) errorf(format string, args ...any) {
	if s.errors.Add(1) <= 5 {
		s.t.Errorf(format, args...)
	}
}

// manner is how a peer behaves.
type manner int

const (
	orderly  manner = iota // reads all answers
	halfway                // ends its side after the last request, and reads on
	slow                   // sends and reads little at a time
	leaving                // closes when it has read some answers
	resetter               // resets then
	manners
)

func (m manner) String() string {
	return [...]string{"orderly", "half-closing", "slow", "leaving", "resetting"}[m]
}

// patient tells that it waits for all that it was promised.
func (m manner) patient() bool { return m <= slow }

// connect is the life of one connection.
func (s *stress) connect(rng *rand.Rand) {
	d := net.Dialer{Timeout: patience}
	how := manner(rng.IntN(int(manners)))
	if how == slow {
		d.Control = func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) {
				_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
			})
		}
	}
	c, err := d.Dial("tcp", s.fixture.addr)
	if err != nil {
		if !s.over.Load() {
			s.errorf("%v", err)
		}
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	p := &peer{TCPConn: c.(*net.TCPConn), s: s, how: how, depth: 1}
	if rng.IntN(2) == 0 {
		p.depth = 2 + rng.IntN(15)
	}
	for n := 1 + rng.IntN(12); n > 0; n-- {
		p.plans = append(p.plans, s.plan(rng.Uint64(), how, n == 1))
	}
	p.read = len(p.plans)
	if !how.patient() {
		p.read = rng.IntN(len(p.plans))
	}
	p.run(rng)
}
