package micro

import (
	"bufio"
	"bytes"
	"net/http"
	"os"
	"testing"

	"github.com/pollard-go/pollard/parser"
	"github.com/valyala/fasthttp"
)

// smallHead is what load generators send.
const smallHead = "GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"

// readerBytes is the buffer of both net/http's and fasthttp's connections.
const readerBytes = 4096

func browserHead(tb testing.TB) []byte {
	head, err := os.ReadFile("../../parser/testdata/browser-request.http")
	if err != nil {
		tb.Fatal(err)
	}
	return head
}

func BenchmarkBrowserRequest(b *testing.B) { compareHeads(b, browserHead(b)) }

func BenchmarkSmallRequest(b *testing.B) { compareHeads(b, []byte(smallHead)) }

func compareHeads(b *testing.B, head []byte) {
	for _, p := range []struct {
		name  string
		parse func(*testing.B, []byte)
	}{
		{"pollard", parsePollard},
		{"fasthttp", parseFasthttp},
		{"nethttp", parseNetHTTP},
	} {
		b.Run(p.name, func(b *testing.B) {
			b.SetBytes(int64(len(head)))
			b.ReportAllocs()
			p.parse(b, head)
		})
	}
}

func parsePollard(b *testing.B, head []byte) {
	limits := parser.Limits{RequestLine: 8 << 10, FieldLine: 8 << 10, Head: 64 << 10, Fields: 128}
	var request parser.Request
	for b.Loop() {
		request.Reset()
		if n, err := request.Parse(head, &limits); n != len(head) || err != nil {
			b.Fatalf("parsed %d of %d bytes: %v", n, len(head), err)
		}
	}
}

func parseFasthttp(b *testing.B, head []byte) {
	var header fasthttp.RequestHeader
	source := bytes.NewReader(nil)
	in := bufio.NewReaderSize(source, readerBytes)
	for b.Loop() {
		source.Reset(head)
		in.Reset(source)
		if err := header.Read(in); err != nil {
			b.Fatal(err)
		}
	}
}

func parseNetHTTP(b *testing.B, head []byte) {
	source := bytes.NewReader(nil)
	in := bufio.NewReaderSize(source, readerBytes)
	for b.Loop() {
		source.Reset(head)
		in.Reset(source)
		if _, err := http.ReadRequest(in); err != nil {
			b.Fatal(err)
		}
	}
}

// TestParsersAgree makes sure that the benchmarks compare like with like: all three see the same method, target and host.
func TestParsersAgree(t *testing.T) {
	for _, head := range [][]byte{browserHead(t), []byte(smallHead)} {
		var limits = parser.Limits{RequestLine: 8 << 10, FieldLine: 8 << 10, Head: 64 << 10, Fields: 128}
		var ours parser.Request
		if n, err := ours.Parse(head, &limits); n != len(head) || err != nil {
			t.Fatalf("parsed %d of %d bytes: %v", n, len(head), err)
		}
		var fast fasthttp.RequestHeader
		if err := fast.Read(bufio.NewReader(bytes.NewReader(head))); err != nil {
			t.Fatal(err)
		}
		standard, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
		if err != nil {
			t.Fatal(err)
		}
		host, _ := ours.Get("Host")
		for _, c := range []struct{ what, ours, fast, standard string }{
			{"method", string(ours.Method()), string(fast.Method()), standard.Method},
			{"target", string(ours.Target()), string(fast.RequestURI()), standard.RequestURI},
			{"host", string(host), string(fast.Host()), standard.Host},
		} {
			if c.ours != c.fast || c.ours != c.standard {
				t.Errorf("%s: pollard %q, fasthttp %q, net/http %q", c.what, c.ours, c.fast, c.standard)
			}
		}
	}
}
