package conn_test

import (
	"io"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// What the simulation and the fuzzer found, each in the fewest calls that show
// it. Seeds mean something else as soon as the simulation changes; these don't.

// foundConn opens a connection that has received input and is at Requested.
func foundConn(t *testing.T, cfg *conn.Config, input string) *conn.Conn {
	t.Helper()
	c := new(conn.Conn)
	c.Init(cfg, 0)
	c.Receive(0, []byte(input))
	if e := c.Next(0); e != conn.Requested {
		t.Fatal(e)
	}
	return c
}

const (
	foundGet   = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	foundGet10 = "GET / HTTP/1.0\r\n\r\n"
	foundPost  = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
)

// TestIdleSinceSent: a peer that was still reading the answer was not idle.
func TestIdleSinceSent(t *testing.T) {
	cfg := conn.DefaultConfig()
	c := foundConn(t, &cfg, foundGet)
	_ = c.End(0)
	c.Next(0)
	c.Sent(0, 1)
	const late = 20 * time.Second
	o := c.Output()
	c.Sent(late, o.Len())
	if when, kind := c.Deadline(); kind != conn.IdleDeadline || when != late+cfg.IdleTimeout {
		t.Errorf("%v deadline at %v, not %v after the last byte has left", kind, when, cfg.IdleTimeout)
	}
}

// TestCloseOfDelimited: an orderly end would look like the end of the answer.
func TestCloseOfDelimited(t *testing.T) {
	cfg := conn.DefaultConfig()
	for _, ended := range []bool{false, true} {
		c := foundConn(t, &cfg, foundGet10)
		_, _ = c.Write([]byte("part"))
		_ = c.Flush()
		if ended {
			_ = c.End(0) // but not all is sent
		}
		c.Close(conn.ReasonServer)
		if !ended {
			_ = c.End(0)
		}
		if e := c.Next(0); e != conn.Reset {
			t.Errorf("ended %v: %v, not a reset", ended, e)
		}
	}
}

// TestClosedHasNoOutput: a driver must not wait for room to send it, nor a
// handler for its borrowed segment.
func TestClosedHasNoOutput(t *testing.T) {
	cfg := conn.DefaultConfig()
	c := foundConn(t, &cfg, foundGet)
	if _, err := c.Write(make([]byte, 100<<10)); err != nil || !c.Borrowed() || !c.Unsent() {
		t.Fatal(err)
	}
	c.ReceiveReset(0)
	o := c.Output()
	if c.Unsent() || c.Borrowed() || o.Len() != 0 {
		t.Errorf("unsent %v, borrowed %v, %d bytes", c.Unsent(), c.Borrowed(), o.Len())
	}
}

// TestDrainForgetsEmptyLine: an empty line begins no request, so one that came
// behind the last request doesn't keep a draining connection.
func TestDrainForgetsEmptyLine(t *testing.T) {
	cfg := conn.DefaultConfig()
	for _, line := range []string{"\r\n", "\r"} {
		c := foundConn(t, &cfg, foundGet+line)
		_ = c.Flush()
		c.Drain(0, 0)
		_ = c.End(0)
		for c.Next(0) == conn.Flush {
			o := c.Output()
			c.Sent(0, o.Len())
		}
		if !c.State().Lingering() || c.Reason() != conn.ReasonDrain {
			t.Errorf("%q: %v, reason %v", line, c.State(), c.Reason())
		}
	}
}

// TestFlushedWritesAreBounded: Write stops at the high-water mark, also if each
// piece is small and flushed.
func TestFlushedWritesAreBounded(t *testing.T) {
	cfg := conn.DefaultConfig()
	c := foundConn(t, &cfg, foundGet)
	for range 10_000 {
		_, _ = c.Write(make([]byte, 100))
		_ = c.Flush()
	}
	if got := c.Buffered(); got > cfg.OutputBytes+16<<10 {
		t.Errorf("%d bytes are buffered", got)
	}
}

// TestOutputMemory: a peer that never takes the last byte must not make the
// output's buffer grow with all that was ever sent.
func TestOutputMemory(t *testing.T) {
	cfg := conn.DefaultConfig()
	c := foundConn(t, &cfg, foundGet)
	piece := make([]byte, 1000)
	for range 10_000 {
		if n, err := c.Write(piece); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		o := c.Output()
		c.Sent(0, o.Len()-1)
	}
	o := c.Output()
	if got := cap(o.Head); got > 64<<10 {
		t.Errorf("the buffer for one unsent byte has %d", got)
	}
}

// TestBodyEndStopsInput: when a chunked body that was waited for has ended, what
// the peer sends ahead stays in the socket until the handler has ended too.
func TestBodyEndStopsInput(t *testing.T) {
	cfg := conn.DefaultConfig()
	c := foundConn(t, &cfg, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	if _, err := c.Body(0); err != nil || !c.WantsInput() {
		t.Fatal("content is not waited for", err)
	}
	c.Receive(0, []byte("0\r\n\r\n"))
	if _, err := c.Body(0); err != io.EOF || c.WantsInput() {
		t.Errorf("%v, and wants input: %v", err, c.WantsInput())
	}
}

// TestConsumeAfterEnd: a handler that holds a view when the connection ends,
// and one that consumes nothing, do no wrong.
func TestConsumeAfterEnd(t *testing.T) {
	cfg := conn.DefaultConfig()
	c := foundConn(t, &cfg, foundPost)
	view, err := c.Body(0)
	if err != nil || string(view) != "hello" {
		t.Fatal(err)
	}
	c.ReceiveReset(0)
	c.Consume(5)

	c = foundConn(t, &cfg, foundPost)
	view, _ = c.Body(0)
	c.Consume(len(view))
	c.Consume(0)
}
