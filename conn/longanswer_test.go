package conn

import (
	"strings"
	"testing"
	"time"
)

// TestForgetHead: an answer may go on without its request's head, and the
// requests behind it are served as ever, wherever they lie.
func TestForgetHead(t *testing.T) {
	cfg := DefaultConfig()
	all := "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n\r\n" + plainGet
	for cut := 1; cut < len(all); cut++ {
		var c Conn
		c.Init(&cfg, 0)
		c.ForgetHead() // nothing yet
		served := 0
		for _, piece := range []string{all[:cut], all[cut:]} {
			c.Receive(0, []byte(piece))
			for !c.handling && c.Next(0) == Requested {
				if got := string(c.Request().Path()); served == 1 && got != "/" {
					t.Fatalf("cut at %d: then %q", cut, got)
				}
				if err := c.Flush(); err != nil {
					t.Fatal(err)
				}
				c.ForgetHead()
				c.ForgetHead() // once more
				c.Release()
				scribble(&cfg)
				if _, err := c.Write([]byte("ok")); err != nil {
					t.Fatal(err)
				}
				if err := c.End(0); err != nil {
					t.Fatal(err)
				}
				served++
			}
			c.Release()
			scribble(&cfg)
		}
		if served != 2 {
			t.Fatalf("cut at %d: %d served, in state %s", cut, served, c.State())
		}
		want := strings.Repeat("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 2)
		if got := take(&c, 0); got != want {
			t.Fatalf("cut at %d: sent %q", cut, got)
		}
		c.Init(&cfg, 0)
	}
}

// TestDecline: an answer in a handler's stead, of which the connection goes on.
func TestDecline(t *testing.T) {
	cfg := DefaultConfig()
	c := begin(t, &cfg, plainGet)
	c.Decline(0, 503, 1500*time.Millisecond)
	want := "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 2\r\n" +
		"Content-Length: 24\r\n\r\n503 Service Unavailable\n"
	if got := take(c, 0); got != want {
		t.Errorf("sent %q", got)
	}
	if e := c.Next(0); e != NeedInput || !c.State().Idle() {
		t.Errorf("%s in state %s", e, c.State())
	}
}

// TestUpgradeAfterForgetHead: what the request offered is not known any more.
func TestUpgradeAfterForgetHead(t *testing.T) {
	var c Conn
	c.Init(benchConfig(), 0)
	c.Receive(0, []byte("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"))
	if e := c.Next(0); e != Requested {
		t.Fatal(e)
	}
	_ = c.SetStatus(101)
	_ = c.Header().Set("Upgrade", "x")
	if err := c.Hijackable(); err != nil {
		t.Error(err)
	}
	c.ForgetHead()
	if err := c.Hijackable(); err != ErrUpgrade {
		t.Error(err)
	}
}
