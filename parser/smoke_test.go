package parser

import (
	"os"
	"testing"
)

func BenchmarkBrowserRequest(b *testing.B) {
	buf, err := os.ReadFile("testdata/browser-request.http")
	if err != nil {
		b.Fatal(err)
	}
	benchmarkHead(b, buf)
}

func BenchmarkSmallGet(b *testing.B) {
	benchmarkHead(b, []byte("GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"))
}

func benchmarkHead(b *testing.B, buf []byte) {
	var r Request
	lim := Limits{RequestLine: 8 << 10, FieldLine: 8 << 10, Head: 64 << 10, Fields: 100}
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		if n, err := r.Parse(buf, &lim); n != len(buf) {
			b.Fatal(n, err)
		}
	}
}
