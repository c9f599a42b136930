package conn

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/parser"
)

// TestMemoThroughPool: connections of two configurations that take turns with the
// same exchange answer as those that have a new exchange for each request.
func TestMemoThroughPool(t *testing.T) {
	for seed := range uint64(600) {
		script := rand.New(rand.NewPCG(seed, 3))
		now, date := time.Duration(0), []byte("Sun, 06 Nov 1994 08:49:37 GMT")
		var cfgs [2]Config
		for i := range cfgs {
			cfg := DefaultConfig()
			cfg.Date = func() []byte { return date }
			cfg.Transactions = script.IntN(2) * 12
			cfg.MaxAge = time.Duration(script.IntN(2)) * time.Minute
			cfg.KeepAliveField = script.IntN(3) == 0
			cfg.DiscardBytes = 4
			cfgs[i] = cfg
		}
		if script.IntN(4) == 0 {
			cfgs[1].Date = nil
		}
		shared := &exchange{req: new(parser.Request)}
		var pooled, fresh [3]Conn
		for i := range pooled {
			pooled[i].Init(&cfgs[i%2], now)
			fresh[i].Init(&cfgs[i%2], now)
		}
		for step := range 60 {
			if script.IntN(6) == 0 {
				date[len(date)-5] = '0' + byte(script.IntN(10))
				now += time.Second
			}
			i := script.IntN(3)
			if script.IntN(3) > 0 {
				i = 0
			}
			input := memoInput(script)
			drain := script.IntN(40) == 0
			play := script.Uint64()
			p, f := &pooled[i], &fresh[i]
			p.x, f.x = shared, &exchange{req: new(parser.Request)}
			got := memoPlay(p, now, input, drain, rand.New(rand.NewPCG(play, 4)))
			want := memoPlay(f, now, input, drain, rand.New(rand.NewPCG(play, 4)))
			if got != want || p.Reason() != f.Reason() || p.final != f.final {
				t.Fatalf("seed %d, step %d: %q is answered\n%q, want\n%q (%v, %v)", seed, step, input, got, want, p.Reason(), f.Reason())
			}
			if p.x != nil { // as detach does
				p.x.used = true
				p.x.nextRequest()
				p.x.input.drop()
				p.x.out.reset()
			} else { // it is in the pool, and may be anybody's
				shared = &exchange{req: new(parser.Request)}
			}
			p.x, f.x = nil, nil
			if p.final || p.life != lifeOpen || p.write != writeIdle {
				p.Init(&cfgs[i%2], now)
				f.Init(&cfgs[i%2], now)
			}
		}
	}
}

// memoInput is some requests that come together.
func memoInput(rnd *rand.Rand) string {
	var b strings.Builder
	for range 1 + rnd.IntN(3) {
		switch rnd.IntN(16) {
		case 0:
			b.WriteString("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
		case 1:
			b.WriteString("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
		case 2:
			b.WriteString("GET / HTTP/1.0\r\n\r\n")
		case 3:
			b.WriteString("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n")
		case 4:
			b.WriteString("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
		case 5:
			b.WriteString("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabcdefghi")
		case 6:
			b.WriteString("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
		case 7:
			b.WriteString("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		case 8:
			b.WriteString("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n")
		default:
			b.WriteString("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		}
	}
	return b.String()
}

// memoPlay has the requests served and returns all that is sent.
func memoPlay(c *Conn, now time.Duration, input string, drain bool, rnd *rand.Rand) string {
	var sent strings.Builder
	c.Receive(now, []byte(input))
	for range 20 {
		switch e := c.Next(now); e {
		case Requested:
			memoAnswer(c, now, rnd)
		case Flush:
			sent.WriteString(take(c, now))
		default:
			sent.WriteString(take(c, now))
			if e != Shutdown {
				return sent.String() + e.String()
			}
		}
		if drain {
			c.Drain(now, time.Second)
		}
	}
	return sent.String()
}

// memoAnswer gives some answer, mostly one of a few kinds.
func memoAnswer(c *Conn, now time.Duration, rnd *rand.Rand) {
	h := c.Header()
	names, values := []string{"A", "B", "Date", "Upgrade", "a"}, []string{"1", "2", "333"}
	if rnd.IntN(10) == 0 {
		h.Reset()
	}
	_ = h.Set("Content-Type", "text/plain")
	for range max(0, rnd.IntN(8)-5) {
		name, value := names[rnd.IntN(len(names))], values[rnd.IntN(len(values))]
		switch rnd.IntN(5) {
		case 0:
			h.Del(name)
		case 1:
			_ = h.Add(name, value)
		case 2:
			_ = h.SetBytes(name, []byte(value))
		default:
			_ = h.Set(name, value)
		}
	}
	switch rnd.IntN(24) {
	case 0:
		_ = h.Set("Connection", "close")
	case 1:
		_ = c.SetStatus([]int{200, 204, 205, 304, 404, 101}[rnd.IntN(6)])
	case 2:
		_ = h.DeclareLength(int64(rnd.IntN(5)))
	case 3:
		var fields Header
		_ = fields.Set("Link", "x")
		_ = c.Informational(103, &fields)
	case 4:
		_ = c.Flush()
	case 5:
		_ = c.ResponseTrailer().Set("T", strings.Repeat("t", rnd.IntN(1000)))
		_ = c.Flush()
	case 6:
		c.Abort(now)
		return
	case 7:
		c.Decline(now, 503, time.Second)
		return
	case 8:
		if b, err := c.Body(now); err == nil {
			c.Consume(len(b))
		}
	case 9:
		c.Release()
		c.ForgetHead()
	case 10:
		_, _ = c.Write(make([]byte, contentBuffer+1))
	}
	_, _ = c.Write([]byte("abc")[:3-rnd.IntN(6)/5])
	_ = c.End(now)
}
