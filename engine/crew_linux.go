package engine

import (
	"sync"
	"time"
)

// crew is the pool of a server's runners: they grow on demand up to a bound,
// the one that rested last works first, since its stack and caches are warm,
// and those that have rested for long go.
type crew struct {
	srv  *Server
	most int // runners that may serve links at a time; 0: no bound
	room int // jobs that may wait
	keep int // runners that may rest

	mu       sync.Mutex
	resting  []resting // the one that rests longest first
	waiting  queue[job]
	size     int  // runners alive
	serving  int  // of these, at work for a link that a loop gave them
	closed   bool // nobody rests any more
	trimming bool // a call of trim is due
}

type resting struct {
	r     *runner
	since time.Duration
}

// restTime is how long a runner rests before it goes.
const restTime = 10 * time.Second

func (c *crew) init(s *Server, o *DispatchOptions) {
	c.srv, c.most, c.room, c.keep = s, max(o.Workers, 0), max(o.Queue, 0), max(o.IdleWorkers, 0)
}

// start gives the job to a runner, or has it wait for one. It reports false if
// there are too many already; a loop is never refused.
func (c *crew) start(j job) bool {
	if j.loop != nil {
		j.loop.holder.Store(nil) // who holds it may be at another soon
	}
	c.mu.Lock()
	if j.link != nil && !j.served {
		if c.most > 0 && c.serving >= c.most {
			defer c.mu.Unlock()
			if c.waiting.len() >= c.room {
				return false
			}
			c.waiting.push(j)
			return true
		}
		c.serving++
	}
	r := c.runner()
	c.mu.Unlock()
	c.give(r, j)
	return true
}

// runner returns one at rest, nil if there is none: give makes a new one then.
// The caller holds mu.
func (c *crew) runner() (r *runner) {
	n := len(c.resting)
	if n == 0 {
		c.size++
		return nil
	}
	r = c.resting[n-1].r
	c.resting[n-1].r = nil
	c.resting = c.resting[:n-1]
	return r
}

// give has r do j.
func (c *crew) give(r *runner, j job) {
	if r == nil {
		r = newRunner(c.srv)
		go r.run()
	}
	r.jobs <- j // there is room: a runner has one job at a time
}

// rest is called by a runner that has done j. It reports whether the runner is
// to wait for its next job, which may be there already.
func (c *crew) rest(r *runner, j job) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if j.link != nil && !j.served {
		if c.waiting.len() > 0 {
			r.jobs <- c.waiting.pop()
			return true
		}
		c.serving--
	}
	if c.closed || len(c.resting) >= c.keep {
		return false
	}
	c.resting = append(c.resting, resting{r, c.srv.clock.now()})
	if !c.trimming {
		c.trimming = true
		time.AfterFunc(restTime, c.trim)
	}
	return true
}

// isAwaited tells whether jobs wait.
func (c *crew) isAwaited() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting.len() > 0
}

// yield puts the job that a runner is at behind those that wait, of which that
// runner does the first, by rest. It reports false if none do any more.
func (c *crew) yield(j job) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting.len() == 0 {
		return false
	}
	c.waiting.push(j)
	return true
}

// trim sends those away that have rested too long.
func (c *crew) trim() {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.srv.clock.now()
	n := 0
	for n < len(c.resting) && now-c.resting[n].since >= restTime {
		close(c.resting[n].r.jobs)
		n++
	}
	kept := copy(c.resting, c.resting[n:])
	clear(c.resting[kept:])
	c.resting = c.resting[:kept]
	if c.trimming = kept > 0 && !c.closed; c.trimming {
		time.AfterFunc(restTime, c.trim)
	}
}

// left counts a runner out, which may have ended in the middle of j. Its place is
// that of the job that has waited longest, which would otherwise find it taken.
func (c *crew) left(j job) {
	c.mu.Lock()
	c.size--
	if j.link == nil || j.served {
		c.mu.Unlock()
		return
	}
	if c.waiting.len() == 0 {
		c.serving--
		c.mu.Unlock()
		return
	}
	next, r := c.waiting.pop(), c.runner()
	c.mu.Unlock()
	c.give(r, next)
}

// drop cuts the requests that wait: the server closes.
func (c *crew) drop() {
	for {
		c.mu.Lock()
		if c.waiting.len() == 0 {
			c.mu.Unlock()
			return
		}
		j := c.waiting.pop()
		c.mu.Unlock()
		r := runner{srv: c.srv, at: c.srv.clock.now()} // a worker, as far as it takes to close
		r.drop(j.link)
	}
}

// close sends those at rest away, and the others as soon as they are done.
func (c *crew) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, rest := range c.resting {
		close(rest.r.jobs)
	}
	c.resting = nil
}

// count returns how many runners there are, how many of them serve requests that
// loops gave them, and how many requests wait for one.
func (c *crew) count() (size, serving, waiting int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size, c.serving, c.waiting.len()
}
