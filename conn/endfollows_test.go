package conn

import "testing"

// TestEndFollows: what may be held back is the end of a short last answer, if an
// orderly end is sure to follow.
func TestEndFollows(t *testing.T) {
	const closing = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	for name, test := range map[string]struct {
		content int
		resets  []Reason
		want    bool
	}{
		"short":          {5, nil, true},
		"longer":         {briefBytes, nil, false}, // with its head
		"ends by resets": {5, []Reason{ReasonPeerAsked}, false},
	} {
		cfg := benchConfig()
		for _, r := range test.resets {
			cfg.ResetFor |= ReasonsOf(r)
		}
		var c Conn
		c.Init(cfg, 0)
		c.Receive(0, []byte(closing))
		if e := c.Next(0); e != Requested {
			t.Fatal(e)
		}
		c.Header().DeclareLength(int64(test.content))
		for left := make([]byte, test.content); len(left) > 0; {
			n, err := c.Write(left[:min(len(left), 1<<10)])
			if err != nil {
				t.Fatal(err)
			}
			left = left[n:]
		}
		if err := c.End(0); err != nil {
			t.Fatal(err)
		}
		if e := c.Next(0); e != Flush || c.EndFollows() != test.want {
			t.Errorf("%s: %v, %v", name, e, c.EndFollows())
		}
		o := c.Output()
		c.Sent(0, o.Len())
		if e := c.Next(0); test.want && e != Close && e != Shutdown {
			t.Errorf("%s: %v follows", name, e)
		}
	}
}
