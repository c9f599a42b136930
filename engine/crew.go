package engine

import "sync"

// crew is the pool of a server's runners: they grow on demand, the one that
// rested last works first, since its stack and caches are warm, and those that
// find too many at rest go.
type crew struct {
	srv     *Server
	mu      sync.Mutex
	resting []*runner
	size    int  // runners alive
	most    int  // how many may rest
	closed  bool // nobody rests any more
	empty   *sync.Cond
}

func (c *crew) init(s *Server, most int) {
	c.srv, c.most = s, max(most, 0)
	c.empty = sync.NewCond(&c.mu)
}

// start gives the job to a runner.
func (c *crew) start(j job) {
	c.mu.Lock()
	var r *runner
	if n := len(c.resting); n > 0 {
		r = c.resting[n-1]
		c.resting[n-1] = nil
		c.resting = c.resting[:n-1]
	} else {
		c.size++
	}
	c.mu.Unlock()
	if r == nil {
		r = newRunner(c.srv)
		go r.run()
	}
	r.jobs <- j // there is room: a runner has one job at a time
}

// rest reports whether the runner is to wait for its next job.
func (c *crew) rest(r *runner) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.resting) >= c.most {
		return false
	}
	c.resting = append(c.resting, r)
	return true
}

// left counts a runner out.
func (c *crew) left() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size--; c.size == 0 {
		c.empty.Broadcast()
	}
}

// close sends those at rest away, and the others as soon as they are done.
func (c *crew) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, r := range c.resting {
		close(r.jobs)
	}
	c.resting = nil
}

// wait returns when nobody is left.
func (c *crew) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.size > 0 {
		c.empty.Wait()
	}
}

func (c *crew) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}
