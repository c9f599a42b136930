package conn

import (
	"strings"
	"testing"
)

// TestLongAnswerKeepsLittle: an answer that goes on for long does not hold what
// those before it have left in its exchange.
func TestLongAnswerKeepsLittle(t *testing.T) {
	for _, committed := range []bool{true, false} {
		cfg := DefaultConfig()
		var c Conn
		c.Init(&cfg, 0)
		request := func() {
			t.Helper()
			c.Receive(0, []byte(plainGet))
			if e := c.Next(0); e != Requested {
				t.Fatal(e)
			}
		}
		drain := func() {
			for c.Unsent() {
				out := c.Output()
				c.Sent(0, out.Len())
			}
		}
		request()
		x := c.x
		x.out.buf = make([]byte, 0, 30<<10) // large answers of other connections
		x.out.tail = make([]byte, 0, 30<<10)
		x.resp.content = make([]byte, 0, 8<<10)
		x.resp.Header.buf = make([]byte, 0, 4<<10)
		if err := c.Header().Set("X-A", "b"); err != nil {
			t.Fatal(err)
		}
		if committed {
			if err := c.Flush(); err != nil {
				t.Fatal(err)
			}
			drain()
		}
		c.ForgetHead()
		c.Release()
		held := cap(x.out.buf) + cap(x.out.tail) + cap(x.resp.content) + cap(x.resp.Header.buf)
		if limit := 3*quietBytes + 4<<10; held > limit || committed && held > 4*quietBytes {
			t.Errorf("committed %v: it holds %d bytes", committed, held)
		}
		if _, ok := c.Header().Get("X-A"); !committed && !ok {
			t.Error("a field is lost")
		}
		if _, err := c.Write([]byte("ok")); err != nil {
			t.Fatal(err)
		}
		if err := c.End(0); err != nil {
			t.Fatal(err)
		}
		drain()
		request() // the connection goes on
	}
}

// TestTrailerAfterForgetHead: an answer that goes on for long gives up memory that
// trailers of an earlier one have left, and sends its own.
func TestTrailerAfterForgetHead(t *testing.T) {
	cfg := DefaultConfig()
	var c Conn
	c.Init(&cfg, 0)
	for i := range 2 {
		c.Receive(0, []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
		if e := c.Next(0); e != Requested {
			t.Fatal(e)
		}
		if i == 1 {
			c.Release()
			c.ForgetHead()
		}
		_ = c.Flush()
		if err := c.ResponseTrailer().Set("X", strings.Repeat("x", 2*quietBytes)); err != nil {
			t.Fatal(err)
		}
		_ = c.End(0)
		if got := take(&c, 0); !strings.HasSuffix(got, "\r\n0\r\nX: "+strings.Repeat("x", 2*quietBytes)+"\r\n\r\n") {
			t.Errorf("%q", got)
		}
	}
}
