package conn

import (
	"testing"
	"time"

	"github.com/pollard-go/pollard/parser"
)

// What is measured is a driver's whole turn: Receive, Next, the handler with
// one field and a short answer, Next, Output, Sent, Release. The sub-benchmark
// "parser" is the share of the parser alone, for the same bytes.

const (
	wrkGet = "GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"

	browserGet = "GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1\r\n" +
		"Host: www.kittyhell.com\r\n" +
		"User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) Gecko/20100401 Firefox/3.6.3 Pathtraq/0.9\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n" +
		"Accept-Language: ja,en-us;q=0.7,en;q=0.3\r\n" +
		"Accept-Encoding: gzip,deflate\r\n" +
		"Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7\r\n" +
		"Keep-Alive: 115\r\n" +
		"Connection: keep-alive\r\n" +
		"Cookie: wp_ozh_wsa_visits=2; wp_ozh_wsa_visit_lasttime=xxxxxxxxxx; " +
		"__utma=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x; " +
		"__utmz=xxxxxxxxx.xxxxxxxxxx.x.x.utmccn=(referral)|utmcsr=reader.livedoor.com|utmcct=/reader/|utmcmd=referral\r\n\r\n"
)

// turn is one turn of a driver, for input that holds requests whole. It
// returns how many were served.
func turn(c *Conn, now time.Duration, input []byte) (served int) {
	c.Receive(now, input)
	for {
		switch c.Next(now) {
		case Requested:
			served++
			_ = c.Header().Set("Content-Type", "text/plain")
			for {
				b, err := c.Body(now)
				if err != nil {
					break
				}
				c.Consume(len(b))
			}
			_, _ = c.Write(hello)
			_ = c.End(now)
		case NeedInput:
			o := c.Output()
			c.Sent(now, o.Len())
			c.Release()
			return served
		default:
			panic("unexpected event")
		}
	}
}

var hello = []byte("Hello, World!")

func benchConfig() *Config {
	cfg := DefaultConfig()
	cfg.Date = func() []byte { return testDate }
	return &cfg
}

func benchTurns(b *testing.B, input []byte, requests int) {
	b.Run("turn", func(b *testing.B) {
		var c Conn
		c.Init(benchConfig(), 0)
		b.ReportAllocs()
		b.SetBytes(int64(len(input)))
		for b.Loop() {
			if n := turn(&c, 0, input); n != requests {
				b.Fatalf("%d requests", n)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*requests), "ns/request")
	})
	b.Run("parser", func(b *testing.B) {
		var r parser.Request
		limits := benchConfig().Head
		b.SetBytes(int64(len(input)))
		for b.Loop() {
			for rest := input; len(rest) > 0; {
				r.Reset()
				n, err := r.Parse(rest, &limits)
				if n == 0 || err != nil {
					b.Fatal(n, err)
				}
				rest = rest[n:]
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*requests), "ns/request")
	})
}

func BenchmarkKeepAliveGet(b *testing.B) { benchTurns(b, []byte(wrkGet), 1) }

func BenchmarkBrowserRequest(b *testing.B) { benchTurns(b, []byte(browserGet), 1) }

func BenchmarkPipelined16(b *testing.B) { benchTurns(b, pipelined16(), 16) }

func pipelined16() (input []byte) {
	for range 16 {
		input = append(input, wrkGet...)
	}
	return input
}

// TestNoAllocations: requests of an open connection cost no memory.
func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	post := append([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1024\r\n\r\n"), make([]byte, 1024)...)
	for name, input := range map[string][]byte{
		"a GET": []byte(wrkGet), "16 of them": pipelined16(), "a browser's GET": []byte(browserGet), "a POST of 1 KB": post,
	} {
		var c Conn
		c.Init(benchConfig(), 0)
		turn(&c, 0, input)
		if n := testing.AllocsPerRun(200, func() { turn(&c, 0, input) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
