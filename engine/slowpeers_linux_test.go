package engine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
	"golang.org/x/sys/unix"
)

// slowResult is what became of the slow peers, in milliseconds from their first
// byte to their end; Late is of readers, from when their limits say to their end.
type slowResult struct {
	Heads, Readers, Late []int
	Errors               []string
}

// TestSlowPeers: peers that send a head, or read an answer, as slowly as they
// can don't slow others down, and are gone when their limits say.
func TestSlowPeers(t *testing.T) {
	const good = 64
	heads, readers := scale(100, 500, 10_000), scale(20, 100, 1000)
	timeouts := engine.TimeoutOptions{Head: 4 * time.Second, Write: 4 * time.Second, RateGrace: 2 * time.Second}
	span := time.Duration(scale(1, 2, 6)) * time.Second
	if *full {
		timeouts = engine.TimeoutOptions{} // the defaults
	}
	for _, mode := range []engine.Mode{engine.ModeAdaptive, engine.ModePooled}[:scale(1, 1, 2)] {
		t.Run(mode.String(), func(t *testing.T) {
			c := startChildWith(t, mode, 0, timeouts)
			before := best(t, c.addr, good, span)
			slow := startSlow(t, order{
				Addr: c.addr, Kind: "slow", Heads: heads, Readers: readers, Rate: 240,
				Write: orDefault(timeouts.Write, 30*time.Second), Grace: orDefault(timeouts.RateGrace, 10*time.Second),
			})
			came := func() bool {
				time.Sleep(200 * time.Millisecond) // a report is work for the child
				return c.report().Stats.Accepted >= int64(3*good+heads+readers)
			}
			if !within(2*patience, came) {
				t.Fatalf("%+v", c.report().Stats)
			}
			time.Sleep(time.Second) // the answers have filled the buffers of the system
			during := best(t, c.addr, good, span)
			t.Logf("p99 of %d good connections: %v without, %v beside %d slow ones", good, before, during, heads+readers)
			if *full && during > 2*before {
				t.Errorf("p99 %v beside slow peers, %v without", during, before)
			}
			result := slow()
			gone(t, "heads", result.Heads, heads, orDefault(timeouts.Head, 20*time.Second))
			t.Logf("readers: gone after %d to %d ms", slices.Min(result.Readers), slices.Max(result.Readers))
			gone(t, "readers, after what their limits say", result.Late, readers, 0)
			for _, e := range result.Errors[:min(len(result.Errors), 5)] {
				t.Error(e)
			}
			s := c.report().Stats
			if n := s.Closed[conn.ReasonHeadTimeout]; n != int64(heads) {
				t.Errorf("%d ended for %q of %d: %v", n, conn.ReasonHeadTimeout, heads, s.Closed)
			}
			if n := s.Closed[conn.ReasonWriteTimeout] + s.Closed[conn.ReasonWriteRate]; n != int64(readers) {
				t.Errorf("%d ended for %q or %q of %d: %v", n, conn.ReasonWriteTimeout, conn.ReasonWriteRate, readers, s.Closed)
			}
		})
	}
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// gone checks when slow peers were ended.
func gone(t *testing.T, what string, ms []int, n int, limit time.Duration) {
	t.Helper()
	if len(ms) != n {
		t.Errorf("%d %s are gone of %d", len(ms), what, n)
		return
	}
	first := time.Duration(slices.Min(ms)) * time.Millisecond
	last := time.Duration(slices.Max(ms)) * time.Millisecond
	t.Logf("%s: limit %v, gone after %v to %v", what, limit, first, last)
	late := limit + patience // on a machine that does other things too
	if *full {
		late = limit + time.Second + slowLook
	}
	if first < limit-100*time.Millisecond || last > late {
		t.Errorf("%s: limit %v, gone after %v to %v", what, limit, first, last)
	}
}

// best is the least of three measurements: what else the machine does can only
// make them greater.
func best(t *testing.T, addr string, connections int, span time.Duration) time.Duration {
	t.Helper()
	least := time.Hour
	for range 3 {
		least = min(least, measure(t, addr, connections, span/3))
	}
	return least
}

// measure returns the 99th percentile of the times that good connections, each
// with a request every 10 ms, wait for their answers.
func measure(t *testing.T, addr string, connections int, span time.Duration) time.Duration {
	t.Helper()
	var mu sync.Mutex
	var times []time.Duration
	end := time.Now().Add(span)
	failed := each(connections, connections, func(i int) error {
		c, err := net.DialTimeout("tcp", addr, patience)
		if err != nil {
			return err
		}
		defer c.Close()
		_ = c.SetDeadline(end.Add(patience))
		time.Sleep(time.Duration(i) * 10 * time.Millisecond / time.Duration(connections))
		var own []time.Duration
		b := make([]byte, 1000)
		for len(own) == 0 || time.Now().Before(end) {
			start := time.Now()
			if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
				return err
			}
			if _, err := c.Read(b); err != nil {
				return err
			}
			own = append(own, time.Since(start))
			time.Sleep(10 * time.Millisecond)
		}
		mu.Lock()
		times = append(times, own...)
		mu.Unlock()
		return nil
	})
	if len(failed) > 0 {
		t.Fatalf("%d good connections failed: %v", len(failed), failed[0])
	}
	slices.Sort(times)
	return times[len(times)*99/100]
}

// startSlow starts a process of slow peers, and returns how to wait for its end.
// They are to cost the server its time, not the machine: it is what the server
// does for others that is measured.
func startSlow(t *testing.T, o order) func() slowResult {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), o.env())
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		err = syscall.Setpriority(syscall.PRIO_PGRP, cmd.Process.Pid, 10) // of all its threads
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return func() (r slowResult) {
		t.Helper()
		if err := json.NewDecoder(out).Decode(&r); err != nil {
			t.Fatalf("slow peers: %v", err)
		}
		return r
	}
}

// slowRamp is how many slow peers begin in a second, and slowLook how often the
// readers look whether they have been ended.
const (
	slowRamp  = 2000
	slowLook  = 250 * time.Millisecond
	slowReads = 4 // of these are one second
)

// slow has peers be slow until they are ended.
func (o order) slow() (r slowResult) {
	var mu sync.Mutex
	failed := each(o.Heads+o.Readers, o.Heads+o.Readers, func(i int) error {
		time.Sleep(time.Duration(i) * time.Second / slowRamp)
		start := time.Now() // not after the accept
		c, err := net.DialTimeout("tcp", o.Addr, patience)
		if err != nil {
			return err
		}
		defer c.Close()
		var took, late time.Duration
		if i < o.Heads {
			took, err = slowHead(c, start)
		} else {
			took, late, err = o.slowReader(c.(*net.TCPConn), start)
		}
		mu.Lock()
		defer mu.Unlock()
		if i < o.Heads {
			r.Heads = append(r.Heads, int(took.Milliseconds()))
		} else {
			r.Readers = append(r.Readers, int(took.Milliseconds()))
			r.Late = append(r.Late, int(late.Milliseconds()))
		}
		return err
	})
	for _, err := range failed {
		r.Errors = append(r.Errors, err.Error())
	}
	return r
}

// slowHead sends a byte a second, and wants 408.
func slowHead(c net.Conn, start time.Time) (time.Duration, error) {
	for i := 0; time.Since(start) < 2*time.Minute; i++ {
		if _, err := io.WriteString(c, "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"[i%90:][:1]); err != nil {
			return 0, err
		}
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		b := make([]byte, 1000)
		n, err := c.Read(b)
		if n > 0 {
			took := time.Since(start)
			if s := string(b[:n]); len(s) < 12 || s[:12] != "HTTP/1.1 408" {
				return took, fmt.Errorf("a slow head got %.100q", s)
			}
			return took, nil
		}
		if ne, ok := err.(net.Error); !ok || !ne.Timeout() {
			return time.Since(start), fmt.Errorf("a slow head: %w", err)
		}
	}
	return time.Since(start), fmt.Errorf("a slow head is served still")
}

// slowReader reads 100 bytes a second, and wants to be cut off. It tells how much
// later than by o.Write and o.Rate that was: its system knows what it has acknowledged.
func (o order) slowReader(c *net.TCPConn, start time.Time) (took, late time.Duration, err error) {
	_ = c.SetReadBuffer(4 << 10)
	if _, err := io.WriteString(c, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		return 0, 0, err
	}
	b := make([]byte, 100)
	var received uint64
	var grown time.Duration // when it last had
	for i := 0; time.Since(start) < 2*time.Minute; i++ {
		// A reset is seen by the state of the socket: what lies in its buffer can
		// be read still, for minutes.
		info, err := tcpInfo(c)
		if err != nil {
			return 0, 0, err
		}
		took = time.Since(start)
		if info.Bytes_received > received {
			received, grown = info.Bytes_received, took-time.Duration(info.Last_data_recv)*time.Millisecond
		}
		if info.State == tcpClose {
			due := min(grown+o.Write, o.Grace+time.Duration(received)*time.Second/time.Duration(o.Rate))
			return took, took - due, nil
		}
		if i%slowReads == 0 {
			if _, err := c.Read(b); err != nil {
				return took, 0, fmt.Errorf("a slow reader: %w", err)
			}
		}
		time.Sleep(slowLook)
	}
	return time.Since(start), 0, fmt.Errorf("a slow reader is served still")
}

const tcpClose = 7 // linux/net/tcp_states.h

// wasReset tells it by the state of the socket: what lies in its buffer can be read
// still, for minutes.
func wasReset(c *net.TCPConn) bool {
	info, err := tcpInfo(c)
	return err != nil || info.State == tcpClose
}

func tcpInfo(c *net.TCPConn) (info *unix.TCPInfo, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	cerr := raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) })
	return info, errors.Join(err, cerr)
}
