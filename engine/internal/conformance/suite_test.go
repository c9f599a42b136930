package conformance

import (
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	addr   = flag.String("addr", "", "try the probe server at this `address` instead of those of the transports")
	only   = flag.String("case", "", "try only the cases whose name contains this `text`")
	seed   = flag.Uint64("seed", 0, "cut pieces where this `seed` says; 0: one of its own")
	update = flag.Bool("update", false, "write what happens into the files of the cases")
	full   = flag.Bool("full", false, "test with the full numbers")
)

// atOnce is how many conversations go on together.
const atOnce = 64

// patient are the options of cases that set none: many are sent byte by byte at
// one time, which may take long.
const patient = "Timeouts.Head=1h Timeouts.Body=1h Timeouts.ReadRate=-1 "

// conversation is a case sent in one way.
type conversation struct {
	*testCase
	how sending
	err error
}

// suite is all cases over one transport.
type suite struct {
	transport
	t       *testing.T
	seed    uint64
	mu      sync.Mutex
	servers map[string]*server // by options
}

// TestSuite holds every transport to every case.
func TestSuite(t *testing.T) {
	var cases []*testCase
	for _, c := range readCases(t) {
		if strings.Contains(c.name, *only) {
			cases = append(cases, c)
		}
	}
	of := *seed
	if of == 0 {
		of = rand.Uint64()
	}
	if *addr != "" {
		s := &suite{t: t, seed: of, servers: map[string]*server{"": {dial: dialTCP(*addr)}}}
		s.run(t, cases)
		return
	}
	for _, tr := range transports {
		t.Run(tr.name, func(t *testing.T) {
			s := &suite{transport: tr, t: t, seed: of, servers: make(map[string]*server)}
			if *update {
				s.update(t, cases)
			} else {
				s.run(t, cases)
			}
			for _, one := range s.servers {
				one.comesDown(t)
			}
		})
	}
}

func (s *suite) run(t *testing.T, cases []*testCase) {
	var all []*conversation
	work := make(chan *conversation, len(cases)*len(sendings))
	for _, c := range cases {
		if *addr != "" && (c.options != "" || c.ownServer()) {
			continue // it is as it is
		}
		if c.scheme != "" && c.scheme != s.scheme() {
			continue
		}
		for _, how := range sendings {
			if how == whole || c.wholeOnly == "" {
				all = append(all, &conversation{testCase: c, how: how})
				work <- all[len(all)-1]
			}
		}
	}
	close(work)
	var done sync.WaitGroup
	for range atOnce {
		done.Add(1)
		go func() {
			defer done.Done()
			for one := range work {
				one.err = s.hold(one)
			}
		}()
	}
	done.Wait()
	for _, one := range all {
		t.Run(one.name+"/"+one.how.String(), func(t *testing.T) { s.judge(t, one) })
	}
	t.Logf("%d conversations of %d cases", len(all), len(cases))
}

func (s *suite) judge(t *testing.T, one *conversation) {
	why, excused := s.excused[one.name]
	switch {
	case one.err != nil && !excused:
		t.Errorf("cases/%s.txt, seed %d: %v", one.name, s.seed, one.err)
	case one.err != nil:
		t.Logf("excused: %s", why)
	}
}

// hold goes through one conversation. What a case with a time limit says is
// promised to peers that send in time; one that could not tries again.
func (s *suite) hold(one *conversation) error {
	for tries := 1; ; tries++ {
		began := time.Now()
		p, err := s.once(one)
		if err == nil || one.limit == 0 || tries == 20 || p == nil || p.sentAt.Sub(began) < one.limit/4 {
			return err
		}
	}
}

func (s *suite) once(one *conversation) (*peer, error) {
	p, end, err := s.connect(one.testCase)
	if err != nil {
		return nil, err
	}
	defer end()
	hash := fnv.New64()
	_, _ = hash.Write([]byte(one.name))
	p.how, p.random = one.how, rand.New(rand.NewPCG(s.seed, hash.Sum64()))
	return p, p.plays(one.testCase)
}

// connect gives a peer of a server with the case's options.
func (s *suite) connect(c *testCase) (p *peer, end func(), err error) {
	var srv *server
	p = &peer{}
	if c.ownServer() {
		if srv, err = s.start(patient + c.options); err != nil {
			return nil, nil, err
		}
		p.shutdown = func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			go func() { defer cancel(); _ = srv.Shutdown(ctx) }()
			for !srv.Draining() {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Second) // until connections have been told of it
		}
	} else if srv, err = s.server(c.options); err != nil {
		return nil, nil, err
	}
	if p.connection, err = srv.dial(); err != nil {
		return nil, nil, fmt.Errorf("dial: %w", err)
	}
	return p, func() {
		_ = p.Close()
		if c.ownServer() {
			srv.comesDown(s.t)
		}
	}, nil
}

func (s *suite) server(options string) (*server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.servers[options] == nil {
		one, err := s.start(patient + options)
		if err != nil {
			return nil, err
		}
		s.servers[options] = one
	}
	return s.servers[options], nil
}

// update writes what happens over the first transport into the files.
func (s *suite) update(t *testing.T, cases []*testCase) {
	if s.name != transports[0].name {
		return
	}
	var done sync.WaitGroup
	for _, c := range cases {
		done.Add(1)
		go func() {
			defer done.Done()
			p, end, err := s.connect(c)
			if err != nil {
				t.Error(err)
				return
			}
			defer end()
			came, err := p.watches(c)
			if err == nil {
				err = c.write(came)
			}
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}()
	}
	done.Wait()
}
