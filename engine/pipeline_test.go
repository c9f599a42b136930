package engine_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// dawdler answers with its query after a random time.
func dawdler(w *engine.Response, r *engine.Request) {
	if rand.IntN(4) == 0 {
		time.Sleep(rand.N(200 * time.Microsecond))
	}
	_, _ = w.Write(r.Query())
}

// pipelined makes n requests in one piece; the one numbered last asks for the end.
func pipelined(n, last int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "GET /?%d HTTP/1.1\r\nHost: a\r\n", i)
		if i == last {
			b.WriteString("Connection: close\r\n")
		}
		b.WriteString("\r\n")
	}
	return b.String()
}

func TestPipelinedInOrder(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		c := serve(t, o, dawdler).dial()
		c.send("%s", pipelined(1000, -1))
		for i := range 1000 {
			c.wants(200, fmt.Sprint(i))
		}
	})
}

func TestPipelinedUntilClose(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, dawdler)
		c := f.dial()
		c.send("%s", pipelined(1000, 499))
		for i := range 500 {
			if a := c.wants(200, fmt.Sprint(i)); a.Close != (i == 499) {
				t.Fatalf("answer %d: close is %v", i, a.Close)
			}
		}
		c.ended()
		if n := f.Stats().Requests; n != 500 {
			t.Errorf("%d requests were handled", n)
		}
	})
}

// TestPipelinedBodies has bodies that are read, half read and ignored between
// the heads, in pieces that end anywhere.
func TestPipelinedBodies(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		c := serve(t, o, func(w *engine.Response, r *engine.Request) {
			p := make([]byte, 50_000)
			total := 0
			for want := map[string]int{"/all": 1 << 30, "/half": 1}[string(r.Path())]; total < want; {
				n, err := r.Body().Read(p)
				if total += n; err != nil {
					break
				}
			}
			_, _ = fmt.Fprintf(w, "%s %v", r.Query(), total > 0)
		}).dial()
		var b strings.Builder
		for i := range 60 {
			target := fmt.Sprintf("%s?%d", []string{"/all", "/half", "/none"}[i%3], i)
			b.WriteString(post(target, 20_000) + strings.Repeat("x", 20_000))
			b.WriteString("PUT " + target + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n" + strings.Repeat("y", 5000) + "\r\n0\r\n\r\n")
		}
		go func() {
			for s := b.String(); s != ""; {
				n := min(len(s), 1+rand.IntN(30_000))
				if _, err := c.Write([]byte(s[:n])); err != nil {
					return
				}
				s = s[n:]
			}
		}()
		for i := range 60 {
			want := fmt.Sprintf("%d %v", i, i%3 != 2)
			c.wants(200, want)
			c.wants(200, want)
		}
	})
}
