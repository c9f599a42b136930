package conn_test

import (
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// reading is a peer behind a socket with a buffer: how many bytes its system has
// acknowledged after some time, if there are so many.
type reading func(since time.Duration) int64

// slowlyRead has an answer without an end read by a peer until the connection ends,
// or for an hour. told: the driver tells what is acknowledged.
func slowlyRead(t *testing.T, cfg conn.Config, told bool, peer reading) (after time.Duration, why conn.Reason) {
	t.Helper()
	const socketBytes, tick = 2 << 20, 10 * time.Millisecond
	start := time.Hour
	var c conn.Conn
	c.Init(&cfg, start)
	if told {
		c.Acknowledges()
	}
	c.Receive(start, []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	if e := c.Next(start); e != conn.Requested {
		t.Fatal(e)
	}
	content := make([]byte, 64<<10)
	var taken int64 // by the socket
	for now := start; now < start+time.Hour; now += tick {
		acked := min(peer(now-start), taken)
		for room := int64(socketBytes); ; {
			if !c.Unsent() {
				if _, err := c.Write(content); err != nil {
					t.Fatal(err)
				}
			}
			out := c.Output()
			n := min(room-(taken-acked), out.Len())
			c.Sent(now, n)
			if taken += n; c.Unsent() {
				break
			}
		}
		when, kind := c.Deadline()
		if kind == conn.NoDeadline || now < when {
			continue
		}
		if c.WantsUnacknowledged(now) {
			c.Unacknowledged(now, taken-acked)
		}
		c.Expire(now)
		if c.State().Closed() {
			return now - start, c.Reason()
		}
		if when, _ := c.Deadline(); when <= now {
			t.Fatalf("the deadline stays at %v", when-start)
		}
	}
	return time.Hour, c.Reason()
}

// TestAcknowledged: a peer that reads too slowly, or has stopped, is ended within a
// second of when the limits say, whatever the socket takes; one that reads well
// enough is not, although the socket takes nothing for minutes.
func TestAcknowledged(t *testing.T) {
	rate := func(bytes int64) reading {
		return func(d time.Duration) int64 { return bytes * int64(d/time.Millisecond) / 1000 }
	}
	const never = time.Hour
	for _, k := range []struct {
		name string
		told bool
		peer reading
		ends time.Duration // at the earliest, and not a second later
		why  conn.Reason
	}{
		{"reads nothing", true, rate(0), 10 * time.Second, conn.ReasonWriteRate},
		{"reads nothing, untold", false, rate(0), 30 * time.Second, conn.ReasonWriteTimeout},
		{"100 bytes a second", true, rate(100), 17143 * time.Millisecond, conn.ReasonWriteRate}, // t = 10 + 100t/240
		{"a little more than the rate", true, rate(245), never, conn.ReasonNone},
		{"a little more than the rate, in pieces", true, func(d time.Duration) int64 { return int64(d/(9*time.Second)) * 2205 }, never, conn.ReasonNone},
		{"100 KB, and stops", true, func(d time.Duration) int64 { return min(rate(10_000)(d), 100_000) }, 40 * time.Second, conn.ReasonWriteTimeout},
		{"10 KB, and 100 bytes a second", true, func(d time.Duration) int64 { return 10_000 + rate(100)(d) }, 88571 * time.Millisecond, conn.ReasonWriteRate},
		{"20 KB a second", true, rate(20_000), never, conn.ReasonNone},
	} {
		t.Run(k.name, func(t *testing.T) {
			cfg := conn.DefaultConfig()
			after, why := slowlyRead(t, cfg, k.told, k.peer)
			if after < k.ends || after > k.ends+time.Second || why != k.why {
				t.Errorf("ended after %v for %q, want %v for %q", after, why, k.ends, k.why)
			}
		})
	}
}

// TestAcknowledgedBefore: what an earlier answer left unread in the peer's system
// keeps a good reader's new one from being acknowledged for a while.
func TestAcknowledgedBefore(t *testing.T) {
	cfg := conn.DefaultConfig()
	// 300 bytes a second out of a buffer of 64 KiB, whose room is told by eighths.
	after, why := slowlyRead(t, cfg, true, func(d time.Duration) int64 {
		return 64<<10 + 300*int64(d/time.Second)/8192*8192
	})
	if why != conn.ReasonNone {
		t.Errorf("ended after %v for %q", after, why)
	}
}
