package engine_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestIdleConnections: one that has carried a request and waits for the next
// holds no buffer, and no CPU is used for it.
func TestIdleConnections(t *testing.T) {
	n := scale(500, 2000, 15_000)
	quiet := time.Duration(scale(1, 1, 10)) * time.Second
	for _, mode := range modes[:scale(1, 1, len(modes))] {
		t.Run(mode.String(), func(t *testing.T) {
			// Head, Body, Write, the rates and MaxAge are limited by default; now all is.
			c := startChildWith(t, mode, 0, engine.TimeoutOptions{Receive: time.Minute, Request: time.Minute})
			warm := connectIdle(t, c.addr, 200) // the pools and tables have their first size
			before := c.report()
			idle := connectIdle(t, c.addr, n)
			after := c.report()
			if open := after.Stats.Open; open != int64(n+len(warm)) {
				t.Errorf("%d open", open)
			}
			each := (after.Resident - before.Resident) / n
			t.Logf("%d bytes for each of %d", each, n)
			if *full && each > 700 {
				t.Errorf("%d bytes for each idle connection", each)
			}
			c.rests(quiet, quiet/100)
			for _, k := range append(idle, warm...) {
				_ = k.Close()
			}
			if !within(patience, func() bool { return c.report().Stats.Open == 0 }) {
				t.Errorf("%d open when all have gone", c.report().Stats.Open)
			}
		})
	}
}

// connectIdle makes connections that have carried a request each.
func connectIdle(t *testing.T, addr string, n int) []net.Conn {
	t.Helper()
	conns := make([]net.Conn, n)
	failed := each(n, 50, func(i int) error {
		c, err := net.DialTimeout("tcp", addr, patience)
		if err != nil {
			return err
		}
		conns[i] = c
		_ = c.SetDeadline(time.Now().Add(patience))
		if _, err = fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err == nil {
			_, err = c.Read(make([]byte, 1000))
		}
		return err
	})
	t.Cleanup(func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
	})
	if len(failed) > 0 {
		t.Fatalf("%d failed, for example: %v", len(failed), failed[0])
	}
	return conns
}

// rests waits until the child uses no more CPU than so much in such a time. What
// came before may take it a while, and the collector; what spins never rests.
func (c *child) rests(span, most time.Duration) {
	c.t.Helper()
	const tries = 15
	for try := 1; ; try++ {
		start := processCPU(c.t, c)
		time.Sleep(span)
		used := processCPU(c.t, c) - start
		if used <= most {
			c.t.Logf("%v of CPU in %v, at try %d", used, span, try)
			return
		}
		if try == tries {
			c.t.Errorf("%v of CPU in %v, again and again", used, span)
			return
		}
	}
}

// processCPU is what the child has used, read without waking it.
func processCPU(t *testing.T, c *child) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	// proc(5): the fields after the name, in parentheses, begin with the third;
	// user and system time are the 14th and the 15th, in ticks of 10 ms.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	user, err1 := strconv.Atoi(string(fields[14-3]))
	system, err2 := strconv.Atoi(string(fields[15-3]))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}
