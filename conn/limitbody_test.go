package conn_test

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/pollard-go/pollard/conn"
)

// LimitBody at nothing, at one below, at, and one above the length, declared and
// chunked.
func TestLimitBody(t *testing.T) {
	for _, tc := range []struct {
		name, request string
	}{
		{"declared", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
		{"chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"},
	} {
		for _, limit := range []int64{-1, 0, 1, 4, 5, 6, math.MaxInt64} {
			t.Run(tc.name, func(t *testing.T) {
				cfg := conn.DefaultConfig()
				var c conn.Conn
				c.Init(&cfg, 0)
				c.Receive(0, []byte(tc.request))
				if e := c.Next(0); e != conn.Requested {
					t.Fatal(e)
				}
				c.LimitBody(limit)
				var body strings.Builder
				var err error
				for err == nil {
					var p []byte
					p, err = c.Body(0)
					body.Write(p)
					c.Consume(len(p))
				}
				if limit >= 5 {
					if !errors.Is(err, io.EOF) || body.String() != "hello" {
						t.Errorf("limit %d: %q, %v", limit, body.String(), err)
					}
					return
				}
				if !errors.Is(err, conn.ErrBodyTooLarge) {
					t.Errorf("limit %d: %q, %v", limit, body.String(), err)
				}
				_ = c.SetStatus(413)
				_ = c.End(0)
				out := c.Output()
				if got := string(out.Head); !strings.HasPrefix(got, "HTTP/1.1 413 ") || !strings.Contains(got, "Connection: close\r\n") {
					t.Errorf("answer %q", got)
				}
				c.Sent(0, out.Len())
				if e := c.Next(0); e != conn.Shutdown || c.Reason() != conn.ReasonTooLarge {
					t.Errorf("%v, %v", e, c.Reason())
				}
			})
		}
	}
}

// A limit that is set when more has come already holds for what is unread of it.
func TestLimitBodyLate(t *testing.T) {
	cfg := conn.DefaultConfig()
	var c conn.Conn
	c.Init(&cfg, 0)
	c.Receive(0, []byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"))
	c.Next(0)
	if p, err := c.Body(0); string(p) != "hello" || err != nil {
		t.Fatalf("%q, %v", p, err)
	}
	c.Consume(1)
	c.LimitBody(3)
	if p, err := c.Body(0); !errors.Is(err, conn.ErrBodyTooLarge) {
		t.Errorf("%q, %v", p, err)
	}
}
