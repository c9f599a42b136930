package parser

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

func readBrowserRequest(b *testing.B) []byte {
	b.Helper()
	buf, err := os.ReadFile("testdata/browser-request.http")
	if err != nil {
		b.Fatal(err)
	}
	return buf
}

func benchmarkHead(b *testing.B, buf []byte) {
	b.Helper()
	var r Request
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		if n, err := r.Parse(buf, &roomy); n != len(buf) {
			b.Fatal(n, err)
		}
	}
}

// A head as a browser sends it: 716 bytes, 13 field lines.
func BenchmarkBrowserRequest(b *testing.B) { benchmarkHead(b, readBrowserRequest(b)) }

// A head as wrk sends it.
func BenchmarkSmallGet(b *testing.B) {
	benchmarkHead(b, []byte("GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"))
}

// A head as wrk sends it when it pipelines: with the section of the one before.
func BenchmarkSmallGetRepeated(b *testing.B) {
	buf := []byte("GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n")
	var r Request
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		if n, err := r.Parse(buf, &roomy); n != len(buf) {
			b.Fatal(n, err)
		}
		r.Remember()
	}
}

// The browser's head in segments of 100 bytes.
func BenchmarkBrowserRequestInPieces(b *testing.B) {
	buf := readBrowserRequest(b)
	var r Request
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		n := 0
		for end := 100; n == 0; end += 100 {
			n, _ = r.Parse(buf[:min(end, len(buf))], &roomy)
		}
	}
}

// The time for a byte must not depend on the size of the head, nor on whether
// it is one line or many.
func BenchmarkByteByByte(b *testing.B) {
	for _, size := range []int{1 << 10, 8 << 10, 64 << 10} {
		lines := strings.Repeat("X-Some-Name: some value or other, of 60 bytes with its name\r\n", size/60)
		for _, head := range []struct{ shape, fields string }{
			{"lines", lines},
			{"one-value", "a: " + strings.Repeat("v", size) + "\r\n"},
			{"one-name", strings.Repeat("n", size) + ":\r\n"},
		} {
			buf := []byte("GET / HTTP/1.1\r\n" + head.fields + "\r\n")
			b.Run(fmt.Sprintf("%s/%dKB", head.shape, size>>10), func(b *testing.B) {
				var r Request
				b.SetBytes(int64(len(buf)))
				for b.Loop() {
					r.Reset()
					n := 0
					for end := 1; n == 0; end++ {
						n, _ = r.Parse(buf[:end], &Limits{})
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(buf)), "ns/byte")
			})
		}
	}
}

func BenchmarkChunked(b *testing.B) {
	for _, size := range []int{16, 1024, 32 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			const chunks = 16
			chunk := fmt.Sprintf("%x\r\n%s\r\n", size, strings.Repeat("x", size))
			body := []byte(strings.Repeat(chunk, chunks) + "0\r\n")
			var d Chunked
			b.ReportAllocs()
			for b.Loop() {
				d.Reset()
				rest := body
				for {
					skip, data, done, err := d.Next(rest)
					if err != nil {
						b.Fatal(err)
					}
					if done {
						break
					}
					rest = rest[skip+data:]
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/chunks, "ns/chunk")
		})
	}
}

func BenchmarkGetUnknownName(b *testing.B) {
	buf := readBrowserRequest(b)
	var r Request
	r.Parse(buf, &roomy)
	for b.Loop() {
		if _, ok := r.Get("if-none-match"); !ok {
			b.Fatal("not there")
		}
	}
}

func BenchmarkAppendDecodedPath(b *testing.B) {
	path := bytes.Repeat([]byte("/articles/how%20connections-end"), 3)
	dst := make([]byte, 0, len(path))
	for b.Loop() {
		dst, _ = AppendDecodedPath(dst[:0], path)
	}
}
