package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/examples/internal/carriage"
)

// rows are whole conversations: what is sent at once, and all that comes back
// until the server ends the connection.
var rows = []struct {
	name, send, want string
}{
	{"hello", get("/"), ok("text/plain", "Hello, World!")},
	{"hello, any method", "PATCH / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", ok("text/plain", "Hello, World!")},
	{"hello, HTTP/1.0", get10("/"), ok("text/plain", "Hello, World!")},
	{"hello, HTTP/1.0 kept alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + get10("/"),
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n\r\nHello, World!" +
			ok("text/plain", "Hello, World!")},
	{"head", "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", strings.TrimSuffix(ok("text/plain", "Hello, World!"), "Hello, World!")},

	{"echo", post("/echo", "some bytes"), echoed("POST", "some bytes")},
	{"echo nothing", get("/echo"), echoed("GET", "")},
	{"echo chunked", "PUT /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-T: 1\r\n\r\n", echoed("PUT", "abcde")},
	{"echo, HTTP/1.0", "POST /echo HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", echoed("POST", "abc")},
	{"echo of a bad chunk", "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 400 Bad Request\r\n*"},
	{"echo too large", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 67108865\r\n\r\n", "HTTP/1.1 413 Content Too Large\r\n*"},

	{"chunked", get("/chunked?ms=5"), inChunks("", "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n")},
	{"chunked, HTTP/1.0", get10("/chunked"), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nonetwothree"},
	{"chunked, HEAD", "HEAD /chunked HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", inChunks("", "")},
	{"trailer", get("/trailer?ms=1"), inChunks("Trailer: X-Sum\r\n", "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\nX-Sum: abc\r\n\r\n")},
	{"trailer, HTTP/1.0", get10("/trailer"), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nonetwothree"},
	{"sleep", get("/sleep?ms=7"), ok("text/plain", "slept 7")},
	{"big", get("/big?n=131077"), ok("application/octet-stream", string(pattern[:])+string(pattern[:])+"\x00\x01\x02\x03\x04")},
	{"big, HTTP/1.0", get10("/big?n=2"), ok("application/octet-stream", "\x00\x01")},
	{"big, nothing", get("/big?n=0"), ok("application/octet-stream", "")},
	{"big, HEAD", "HEAD /big?n=999999999999 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 999999999999\r\nConnection: close\r\n\r\n"},
	{"headers", "GET /headers HTTP/1.1\r\nZoo: 1\r\nhost: a:1\r\nX-A: \"q\" <&>\r\nConnection: close\r\nzOO:2\r\n\r\n",
		ok("application/json", `{"zoo":["1","2"],"host":["a:1"],"x-a":["\"q\" <&>"],"connection":["close"]}`)},
	{"headers, HTTP/1.0, none", get10("/headers"), ok("application/json", "{}")},
	{"ignore-body", post("/ignore-body", "abc"), ok("text/plain", "ignored")},
	{"drain", post("/drain?ms=1", strings.Repeat("x", 200_000)), ok("text/plain", "drained 200000")},
	{"drain nothing", get("/drain"), ok("text/plain", "drained 0")},
	{"drain a bad chunk", "POST /drain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naX", "HTTP/1.1 400 Bad Request\r\n*"},
	{"seq", get("/seq?i=9223372036854775807"), ok("text/plain", "9223372036854775807")},

	{"204", get("/204"), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"},
	{"204 with content", get("/204-body"), "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"},
	{"304", get("/304"), "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"},
	{"early", get("/early"), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" + ok("text/plain", "early")},
	{"early, HTTP/1.0", get10("/early"), ok("text/plain", "early")},
	{"inject", get("/inject"), ok("text/plain", "injected")},
	{"more than declared", get("/cl-over"), ok("text/plain", "abc")},
	{"less than declared", "GET /cl-short HTTP/1.1\r\nHost: a\r\n\r\n" + get("/"), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nabc"},
	{"panic", "GET /panic HTTP/1.1\r\nHost: a\r\n\r\n" + get("/"), "HTTP/1.1 500 Internal Server Error\r\n*Hello, World!"},

	{"elsewhere", get("/nothing"), "HTTP/1.1 404 Not Found\r\n*"},
	{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 Not Found\r\n*"},
	{"wrong method", "DELETE /big?n=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\n*"},
	{"number missing", get("/sleep"), "HTTP/1.1 400 Bad Request\r\n*"},
	{"number empty", get("/chunked?ms="), "HTTP/1.1 400 Bad Request\r\n*"},
	{"number signed", get("/big?n=-1"), "HTTP/1.1 400 Bad Request\r\n*"},
	{"number broken", get("/chunked?ms=%zz"), "HTTP/1.1 400 Bad Request\r\n*"},
	{"number too large", get("/seq?i=9223372036854775808"), "HTTP/1.1 400 Bad Request\r\n*"},
}

// pattern is a piece of /big.
var pattern = func() (p [64 << 10]byte) {
	for i := range p {
		p[i] = byte(i)
	}
	return p
}()

func get(target string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
}

func get10(target string) string { return "GET " + target + " HTTP/1.0\r\n\r\n" }

func post(target, body string) string {
	return "POST " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + length(body) + "\r\n" + body
}

func ok(contentType, body string) string {
	return "HTTP/1.1 200 OK\r\nContent-Type: " + contentType + "\r\n" + length(body) + "Connection: close\r\n\r\n" + body
}

func echoed(method, body string) string {
	return "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nX-Method: " + method + "\r\nX-Body-Length: " +
		strings.TrimPrefix(length(body), "Content-Length: ") + length(body) + "Connection: close\r\n\r\n" + body
}

func inChunks(field, chunks string) string {
	return "HTTP/1.1 200 OK\r\n" + field + "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunks
}

func length(body string) string {
	return "Content-Length: " + itoa(len(body)) + "\r\n"
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

func TestRows(t *testing.T) {
	inModes(t, func(t *testing.T, addr string) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				got := converse(t, addr, row.send)
				head, rest, wild := strings.Cut(row.want, "*")
				if wild {
					if !strings.HasPrefix(got, head) || !strings.HasSuffix(got, rest) {
						t.Fatalf("got %.300q\nwant %q", got, row.want)
					}
				} else if got != row.want {
					t.Fatalf("got  %.300q\nwant %.300q", got, row.want)
				}
			})
		}
	})
}

// TestEchoCut: only here the peer ends its side.
func TestEchoCut(t *testing.T) {
	inModes(t, func(t *testing.T, addr string) {
		c := dial(t, addr)
		_, _ = io.WriteString(c, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, c); !strings.HasPrefix(got, "HTTP/1.1 400 ") || !strings.Contains(got, "Connection: close\r\n") {
			t.Fatalf("got %q", got)
		}
	})
}

// TestEchoLarge: larger than any buffer of a connection.
func TestEchoLarge(t *testing.T) {
	body := strings.Repeat(string(pattern[:]), 80) // 5 MB
	inModes(t, func(t *testing.T, addr string) {
		if got := converse(t, addr, post("/echo", body)); got != echoed("POST", body) {
			t.Fatalf("got %d bytes, %.200q", len(got), got)
		}
	})
}

// TestChunksApart: each piece comes when it is flushed and not later.
func TestChunksApart(t *testing.T) {
	inModes(t, func(t *testing.T, addr string) {
		for try := 1; !chunksApart(t, addr); try++ { // a slow machine may be slow to read
			if try == 10 {
				t.Fatal("the first piece came with the last, again and again")
			}
		}
	})
}

func chunksApart(t *testing.T, addr string) (apart bool) {
	t.Helper()
	c := dial(t, addr)
	start := time.Now()
	_, _ = io.WriteString(c, get("/chunked?ms=150"))
	var got []byte
	for !bytes.Contains(got, []byte("one")) {
		b := make([]byte, 4096)
		n, err := c.Read(b)
		if got = append(got, b[:n]...); err != nil {
			t.Fatalf("%v after %q", err, got)
		}
	}
	readAll(t, c)
	if d := time.Since(start); d < 300*time.Millisecond {
		t.Errorf("all in %v", d)
	}
	return !bytes.Contains(got, []byte("three"))
}

// TestDrains: the end of the context answers what is under way.
func TestDrains(t *testing.T) {
	for _, mode := range []engine.Mode{engine.ModeInline, engine.ModePooled} {
		t.Run(mode.String(), func(t *testing.T) {
			addr, stop := start(t, mode)
			c := dial(t, addr)
			_, _ = io.WriteString(c, "GET /chunked?ms=50 HTTP/1.1\r\nHost: a\r\n\r\n")
			if _, err := io.ReadFull(c, make([]byte, len("HTTP/1.1 200 OK"))); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- stop() }()
			if got := readAll(t, c); !strings.HasSuffix(got, "5\r\nthree\r\n0\r\n\r\n") {
				t.Errorf("got %q", got)
			}
			_ = c.Close()
			if err := <-ended; err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
}

func inModes(t *testing.T, test func(t *testing.T, addr string)) {
	for _, mode := range []engine.Mode{engine.ModeInline, engine.ModePooled} {
		t.Run(mode.String(), func(t *testing.T) {
			addr, stop := start(t, mode)
			test(t, addr)
			if err := stop(); err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
}

// start runs the program; stop ends it and returns how it ended.
func start(t *testing.T, mode engine.Mode) (addr string, stop func() error) {
	t.Helper()
	var o engine.Options
	o.Dispatch.Mode = mode
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, "127.0.0.1:0", o, carriage.Choice{}, in)
		_ = in.CloseWithError(err)
		ended <- err
	}()
	line := make([]byte, 100)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	addr, found := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "listening on http://")
	if !found {
		t.Fatalf("it says %q", line[:n])
	}
	return addr, func() error { cancel(); return <-ended }
}

func dial(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	return c.(*net.TCPConn)
}

// converse sends and returns all that comes back, without Date fields.
func converse(t *testing.T, addr, send string) string {
	t.Helper()
	c := dial(t, addr)
	defer c.Close()
	if _, err := io.WriteString(c, send); err != nil {
		t.Fatal(err)
	}
	return readAll(t, c)
}

var dateField = regexp.MustCompile(`Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n`)

func readAll(t *testing.T, c net.Conn) string {
	t.Helper()
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("%v after %.200q", err, b)
	}
	return dateField.ReplaceAllString(string(b), "")
}
