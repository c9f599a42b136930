package engine_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"golang.org/x/sys/unix"
)

// TestDescriptorsRunOut: many more clients than the server has descriptors.
// Those that are active go on, the longest idle ones give way, handlers find
// descriptors, nothing spins, and when the crowd has gone all is as before.
func TestDescriptorsRunOut(t *testing.T) {
	const files = 512
	n := min(scale(1000, 2000, 18_000), descriptorsLeft(t)-files/4)
	if n <= files {
		t.Skipf("the clients need more than %d descriptors (ulimit -n)", files+files/4)
	}
	for _, mode := range modes[:scale(1, 1, len(modes))] {
		t.Run(mode.String(), func(t *testing.T) {
			c := startChild(t, mode, files)
			talk(t, c.addr)
			before := c.report()
			stop := make(chan struct{})
			active := goOnActive(c.addr, 30, stop)
			crowd := crowdOf(t, c.addr, n, files/2)
			if !within(patience, func() bool { return c.report().Stats.Open >= files/2 }) {
				t.Errorf("%d open of %d", c.report().Stats.Open, len(crowd))
			}
			if open := c.report().Stats.Open; open > files-files/8 {
				t.Errorf("%d open of %d", open, len(crowd))
			}
			talk(t, c.addr)
			close(stop)
			for err := range active {
				if err != nil {
					t.Error(err)
				}
			}
			// Those that wait replace those that have been idle for a second, until
			// none waits.
			if !within(patience, func() bool { return c.report().Stats.Accepted >= int64(len(crowd)) }) {
				t.Errorf("%d accepted of %d", c.report().Stats.Accepted, len(crowd))
			}
			c.rests(time.Second, 50*time.Millisecond)
			for _, one := range crowd {
				_ = one.Close()
			}
			var after report
			if !within(patience, func() bool { after = c.report(); return after.Stats.Open == 0 }) {
				t.Fatalf("%d open when all have gone", after.Stats.Open)
			}
			talk(t, c.addr)
			if !within(patience, func() bool { after = c.report(); return after.Descriptors <= before.Descriptors }) || sum(after.Stats) != after.Stats.Accepted-after.Stats.Open {
				t.Errorf("before: %+v\nafter: %+v", before, after)
			}
			t.Logf("%d connected of %d, %d gave way, %d rests", len(crowd), n, after.Stats.Closed[conn.ReasonShed], after.Stats.Rests)
		})
	}
}

// descriptorsLeft is how many this process may still open.
func descriptorsLeft(t *testing.T) int {
	t.Helper()
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		t.Fatal(err)
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return int(min(r.Cur, 1<<20)) - len(open)
}

// TestListenerAtRest: while all places are taken by connections that don't give
// way and many wait, the server uses no CPU.
func TestListenerAtRest(t *testing.T) {
	const files = 256
	c := startChild(t, modes[len(modes)-1], files)
	for range files {
		one, err := net.DialTimeout("tcp", c.addr, patience)
		if err != nil {
			t.Fatal(err)
		}
		defer one.Close()
		_, _ = fmt.Fprint(one, "GET / HT")
	}
	if !within(patience, func() bool { return c.report().Stats.Rests > 0 }) {
		t.Fatalf("%+v", c.report())
	}
	c.rests(time.Second, 50*time.Millisecond)
	r := c.report()
	t.Logf("%d open, %d rests", r.Stats.Open, r.Stats.Rests)
	if r.Stats.Closed[conn.ReasonShed] > 0 {
		t.Errorf("%d gave way in the middle of a request", r.Stats.Closed[conn.ReasonShed])
	}
}

// TestDescriptorsForHandlers: with hardly any descriptors, many busy clients are
// served by handlers that need one each; none finds that there is none.
func TestDescriptorsForHandlers(t *testing.T) {
	const clients, requests = 60, 10
	c := startChild(t, modes[0], 24)
	failed := each(clients, clients, func(int) error {
		k, err := net.DialTimeout("tcp", c.addr, patience)
		if err != nil {
			return err
		}
		defer k.Close()
		_ = k.SetDeadline(time.Now().Add(patience))
		r := bufio.NewReader(k)
		for range requests {
			if err := getOpen(k, r); err != nil {
				return err
			}
		}
		return nil
	})
	if len(failed) > 0 {
		t.Errorf("%d of %d clients failed, for example: %v", len(failed), clients, failed[0])
	}
	t.Logf("%+v", c.report())
}

// getOpen has the server open a file.
func getOpen(k net.Conn, r *bufio.Reader) error {
	if _, err := fmt.Fprint(k, "GET /open HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		return err
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return err
	}
	_, err = r.Discard(int(resp.ContentLength))
	if resp.StatusCode != 200 {
		return fmt.Errorf("answered with %s", resp.Status)
	}
	return err
}

// goOnActive has n connections make requests again and again until stop. It
// gives one result for each and is then closed.
func goOnActive(addr string, n int, stop chan struct{}) chan error {
	results := make(chan error, n)
	var all sync.WaitGroup
	for range n {
		all.Add(1)
		began := time.Now()
		k, err := net.DialTimeout("tcp", addr, patience)
		go func() {
			defer all.Done()
			if err != nil {
				results <- err
				return
			}
			defer k.Close()
			results <- stayActive(k, began, stop)
		}()
	}
	go func() {
		all.Wait()
		close(results)
	}()
	return results
}

// mayBeIdle is from when on a connection is not active, as the server sees it:
// Limits.ShedMinIdle is a second.
const mayBeIdle = 800 * time.Millisecond

// stayActive knows of a time, last, that the server has seen it in use since.
func stayActive(k net.Conn, last time.Time, stop chan struct{}) error {
	r := bufio.NewReader(k)
	for {
		_ = k.SetDeadline(time.Now().Add(patience))
		next := time.Now()
		if err := getOpen(k, r); err != nil {
			if time.Since(last) > mayBeIdle {
				return nil // the test has been slow, not the server
			}
			return fmt.Errorf("active connection: %w", err)
		}
		last = next
		select {
		case <-stop:
			return nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// crowdOf makes up to n connections that send nothing, with a rest after so many
// in which these become old enough to give way.
func crowdOf(t *testing.T, addr string, n, rest int) []net.Conn {
	t.Helper()
	crowd := make([]net.Conn, 0, n)
	t.Cleanup(func() {
		for _, one := range crowd {
			_ = one.Close()
		}
	})
	for range n {
		one, err := net.DialTimeout("tcp", addr, 50*time.Millisecond)
		if err != nil {
			continue // the kernel's queue is full as well
		}
		crowd = append(crowd, one)
		if len(crowd) == rest {
			time.Sleep(1100 * time.Millisecond)
		}
	}
	return crowd
}
