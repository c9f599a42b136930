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
