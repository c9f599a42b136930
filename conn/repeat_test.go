package conn

import (
	"strings"
	"testing"
)

// What a handler writes over its request's head is nothing to the next request,
// and its field lines nothing to another connection.
func TestRepeatedSection(t *testing.T) {
	cfg := benchConfig()
	const head = "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n"
	const scribbled = "GET / HTTP/1.1\r\nHost: a\r\nX: \n\r\n\r\n" // as the first handler leaves the first
	var c Conn
	c.Init(cfg, 0)
	for range 2 { // the second time with the first one's exchange
		c.Receive(0, []byte(head+head+scribbled))
		for i, repeated := range []bool{false, true} {
			if e := c.Next(0); e != Requested {
				t.Fatalf("request %d: %v", i, e)
			}
			if got := c.Request().Repeated(); got != repeated {
				t.Errorf("request %d: repeated %v", i, got)
			}
			value, _ := c.Request().Get("x")
			if string(value) != "1" {
				t.Errorf("request %d: X is %q", i, value)
			}
			value[0] = '\n'
			if err := c.End(0); err != nil {
				t.Fatal(err)
			}
		}
		for c.Next(0) != Shutdown {
			out := c.Output()
			if s := string(out.Head); s != "" && !strings.Contains(s, "\r\n\r\nHTTP/1.1 400 ") {
				t.Fatalf("sent %q", s)
			}
			c.Sent(0, out.Len())
		}
		c.Close(ReasonServer)
		c.Next(0)
		c.Init(cfg, 0)
	}
}

// However a connection gives its request up, nothing of what it remembers is left
// for whoever gets that next.
func TestNothingIsRememberedForOthers(t *testing.T) {
	const head = "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n"
	for name, give := range map[string]func(c *Conn){
		"at rest": func(c *Conn) { // the empty line behind it is no request
			_ = c.End(0)
			take(c, 0)
			c.Next(0)
			c.Release()
		},
		"between requests": func(c *Conn) { _ = c.End(0); c.Init(c.cfg, 0) },
		"in a handler":     func(c *Conn) { c.Init(c.cfg, 0) },
		"closed":           func(c *Conn) { c.Close(ReasonServer); _ = c.End(0); c.Next(0) },
		"failed":           func(c *Conn) { c.Abort(0); c.Close(ReasonServer); c.Next(0) },
		"hijacked":         func(c *Conn) { c.SwitchProtocols(); c.Hijack(); _ = c.End(0) },
		"head forgotten":   func(c *Conn) { c.ForgetHead() },
	} {
		cfg := benchConfig()
		var c Conn
		c.Init(cfg, 0)
		c.Receive(0, []byte(head+"\r\n"))
		if e := c.Next(0); e != Requested {
			t.Fatal(e)
		}
		r := c.Request()
		give(&c)
		if c.x != nil && c.x.req == r {
			t.Fatalf("%s: the connection still has it", name)
		}
		r.Reset() // no other test runs: it lies in its pool
		if n, err := r.Parse([]byte(head), &cfg.Head); n != len(head) || err != nil || r.Repeated() {
			t.Errorf("%s: read %d bytes, %v, repeated %v", name, n, err, r.Repeated())
		}
		r.Reset()
		c.Init(cfg, 0)
	}
}

// A section is remembered only for a request that is pipelined behind it, and not
// behind content.
func TestWhatIsRemembered(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	const empty = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
	const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
	const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
	for _, tt := range []struct {
		pieces []string
		want   bool // of the last request
	}{
		{[]string{get + get}, true},
		{[]string{get + get + get}, true},
		{[]string{get + "\r\n" + get}, true},
		{[]string{get + "\r\n", get}, true}, // nothing was released between them
		{[]string{get, get}, false},
		{[]string{get + get[:17], get[17:]}, false},
		{[]string{get + get, get}, false},
		{[]string{empty + empty}, true},
		{[]string{post + post}, false},
		{[]string{chunked + chunked}, false},
		{[]string{get + post + get}, false},
	} {
		var c Conn
		c.Init(benchConfig(), 0)
		repeated := false
		for _, piece := range tt.pieces {
			c.Receive(0, []byte(piece))
			for {
				if e := c.Next(0); e == Flush {
					take(&c, 0)
					continue
				} else if e != Requested {
					break
				}
				repeated = c.Request().Repeated()
				if err := c.End(0); err != nil {
					t.Fatal(err)
				}
			}
		}
		if repeated != tt.want || c.Reason() != ReasonNone {
			t.Errorf("%q: repeated %v, %v", tt.pieces, repeated, c.Reason())
		}
		c.Init(benchConfig(), 0)
	}
}
