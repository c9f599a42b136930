package load

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"
)

// answerBytes is room for more than one answer.
const answerBytes = 1024

// Mix is a load of GETs by the harness itself, which keeps every latency and knows which request it was of: wrk can't
// tell them apart. A connection sends its next request when it has the answer, so that latencies are those at full load.
// Each Percent of a hundred requests, at random but the same in every run, is a Costly one.
type Mix struct {
	Connections int
	Percent     int
	Costly      Costly
}

// Latency is a distribution of times from the sending of a request to the last byte of its answer. It has in it what the
// client needs to get at the answer, which is the same for all servers.
type Latency struct {
	Requests   int     `json:"requests"`
	P50Micros  float64 `json:"p50_us"`
	P99Micros  float64 `json:"p99_us"`
	P999Micros float64 `json:"p999_us"`
}

// Run loads the server for the duration and returns the latencies of the usual and of the costly requests.
func (m Mix) Run(ctx context.Context, addr string, d time.Duration) (usual, costly Latency, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sessions := make([]session, m.Connections)
	defer func() {
		for i := range sessions {
			sessions[i].close()
		}
	}()
	for i := range sessions {
		if err := sessions[i].open(ctx, addr, uint64(i)); err != nil {
			return usual, costly, err
		}
	}
	end := time.Now().Add(d)
	var running sync.WaitGroup
	for i := range sessions {
		running.Go(func() { sessions[i].run(ctx, &m, end) })
	}
	running.Wait()
	var all [2][]time.Duration
	for i := range sessions {
		if sessions[i].err != nil {
			return usual, costly, fmt.Errorf("connection %d: %w", i, sessions[i].err)
		}
		for kind := range all {
			all[kind] = append(all[kind], sessions[i].took[kind]...)
		}
	}
	return distribution(all[0]), distribution(all[1]), ctx.Err()
}

func distribution(took []time.Duration) Latency {
	if len(took) == 0 {
		return Latency{}
	}
	slices.Sort(took)
	at := func(perMille int) float64 {
		return float64(took[(len(took)-1)*perMille/1000]) / float64(time.Microsecond)
	}
	return Latency{Requests: len(took), P50Micros: at(500), P99Micros: at(990), P999Micros: at(999)}
}

// session is one connection of a Mix.
type session struct {
	conn   net.Conn
	random *rand.Rand
	// size of every answer in bytes: they differ in their Date, which is always as long.
	size int
	took [2][]time.Duration
	err  error
}

func (s *session) open(ctx context.Context, addr string, seed uint64) error {
	var dialer net.Dialer
	var err error
	if s.conn, err = dialer.DialContext(ctx, "tcp", addr); err != nil {
		return err
	}
	s.random = rand.New(rand.NewPCG(seed, 1))
	s.conn.SetDeadline(time.Now().Add(answerLimit))
	if _, err := s.conn.Write([]byte(smallGet)); err != nil {
		return err
	}
	answer := make([]byte, answerBytes)
	for !bytes.HasSuffix(answer[:s.size], []byte(helloBody)) {
		n, err := s.conn.Read(answer[s.size:])
		if err != nil {
			return err
		}
		s.size += n
	}
	return nil
}

func (s *session) close() {
	if s.conn != nil {
		s.conn.Close()
	}
}

func (s *session) run(ctx context.Context, m *Mix, end time.Time) {
	requests := [2][]byte{[]byte(smallGet), []byte(m.Costly.Head)}
	answer := make([]byte, answerBytes)
	s.conn.SetDeadline(end.Add(answerLimit))
	for now := time.Now(); now.Before(end) && ctx.Err() == nil; {
		kind := 0
		if s.random.IntN(100) < m.Percent {
			kind = 1
		}
		if s.err = s.ask(requests[kind], answer); s.err != nil {
			return
		}
		after := time.Now()
		s.took[kind] = append(s.took[kind], after.Sub(now))
		now = after
	}
}

func (s *session) ask(request, answer []byte) error {
	if _, err := s.conn.Write(request); err != nil {
		return err
	}
	for n := 0; n < s.size; {
		k, err := s.conn.Read(answer[n:])
		if err != nil {
			return err
		}
		n += k
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) || !bytes.HasSuffix(answer[:s.size], []byte(helloBody)) {
		return fmt.Errorf("unexpected answer %q", answer[:s.size])
	}
	return nil
}
