package conn

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
)

// TestOutcomeOfSwitchWithoutHijack: what is told of a 101 that End can't send is
// what the peer gets in its stead.
func TestOutcomeOfSwitchWithoutHijack(t *testing.T) {
	for _, request := range []string{plainGet, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"} {
		cfg := DefaultConfig()
		var c Conn
		c.Init(&cfg, 0)
		c.Receive(0, []byte(request))
		if e := c.Next(0); e != Requested {
			t.Fatal(e)
		}
		if err := c.SetStatus(101); err != nil {
			t.Fatal(err)
		}
		want := c.OutcomeOfAbort()
		if got := c.OutcomeOfEnd(); got != want || got.Status != 500 {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// TestOutcomeIsWhatThePeerGets: what is told of an answer before its end is what
// a client reads.
func TestOutcomeIsWhatThePeerGets(t *testing.T) {
	for seed := range uint64(20000) {
		rnd := rand.New(rand.NewPCG(seed, 6))
		cfg := DefaultConfig()
		var c Conn
		c.Init(&cfg, 0)
		method := []string{"GET", "GET", "HEAD"}[rnd.IntN(3)]
		version := []string{"1.1", "1.1", "1.0"}[rnd.IntN(3)]
		c.Receive(0, []byte(method+" / HTTP/"+version+"\r\nHost: a\r\n\r\n"))
		if e := c.Next(0); e != Requested {
			t.Fatal(e)
		}
		sent := ""
		for range rnd.IntN(5) {
			switch rnd.IntN(6) {
			case 0:
				_ = c.SetStatus([]int{200, 204, 205, 304, 404, 101}[rnd.IntN(6)])
			case 1:
				_ = c.Header().DeclareLength(int64([]int{0, 3, 6, 9000}[rnd.IntN(4)]))
			case 2:
				_ = c.Flush()
			case 3:
				_, _ = c.Write(make([]byte, 9000))
			default:
				_, _ = c.Write([]byte("abc"))
			}
			sent += take(&c, 0)
		}
		said := c.OutcomeOfEnd()
		brokenOff := false
		if rnd.IntN(3) == 0 {
			said, brokenOff = c.OutcomeOfAbort(), c.Committed()
			c.Abort(0)
		} else {
			_ = c.End(0)
		}
		sent += take(&c, 0)
		e := c.Next(0)
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(sent)), &http.Request{Method: method})
		if err != nil {
			t.Fatalf("seed %d: %v: %q", seed, err, sent)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		broken := err != nil || e == Reset || brokenOff // of an answer without content the peer can't tell
		if resp.StatusCode != said.Status || broken != said.Broken && method != "HEAD" || n != said.Content && !broken {
			t.Fatalf("seed %d: %s: told %+v, got %d, %d bytes, %v, %v: %.200q", seed, method, said, resp.StatusCode, n, err, e, sent)
		}
	}
}
