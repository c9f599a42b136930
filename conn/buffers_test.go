package conn

import (
	"strings"
	"testing"
)

// TestBuffersAreNotShared: what one connection still needs is never another's
// to write, wherever a request and what follows it lie.
func TestBuffersAreNotShared(t *testing.T) {
	cfg := DefaultConfig()
	second := "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
	all := plainGet + second + plainGet
	for cut := 1; cut < len(all); cut++ {
		for more := cut + 1; more < len(all); more++ {
			var c Conn
			c.Init(&cfg, 0)
			var seen []string
			for _, piece := range []string{all[:cut], all[cut:more], all[more:]} {
				c.Receive(0, []byte(piece))
				seen = append(seen, serveEcho(&c)...)
				c.Release()
				scribble(&cfg)
			}
			if got := strings.Join(seen, " "); got != "/: /2:hello /:" {
				t.Fatalf("cut at %d and %d: %q", cut, more, got)
			}
			c.Init(&cfg, 0)
		}
	}
}

// serveEcho answers what can be and tells the path and content of each.
func serveEcho(c *Conn) (seen []string) {
	for {
		if !c.handling && c.Next(0) != Requested {
			return seen
		}
		b, err := c.Body(0)
		for err == nil && len(b) > 0 {
			_, _ = c.Write(b)
			c.Consume(len(b))
			b, err = c.Body(0)
		}
		if err == nil {
			return seen // the handler waits for the rest
		}
		scribble(c.cfg)
		content := string(c.x.resp.content)
		seen = append(seen, string(c.Request().Path())+":"+content)
		if err := c.End(0); err != nil {
			return append(seen, err.Error())
		}
		take(c, 0)
	}
}

// scribble has other connections write over all buffers that are free.
func scribble(cfg *Config) {
	var others [3]Conn
	for i := range others {
		others[i].Init(cfg, 0)
		others[i].Receive(0, []byte("GET /"+strings.Repeat("#", 100)))
		others[i].x.input.save()
	}
	for i := range others {
		others[i].Init(cfg, 0)
	}
}
