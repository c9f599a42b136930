package parser

import (
	"os"
	"testing"
)

func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	browser, err := os.ReadFile("testdata/browser-request.http")
	if err != nil {
		t.Fatal(err)
	}
	broken := []byte(line + "a : b")
	chunks := []byte("5;a=\"b\"\r\nhello\r\n0\r\n")
	brokenChunk := []byte("5\nhello")
	trailer := []byte("Checksum: abc\r\n\r\n")
	list := []byte("keep-alive, Upgrade")
	path, query := []byte("/a%20b"), []byte("a=b+c&d=%41")
	var (
		r   Request
		s   Trailer
		d   Chunked
		dst = make([]byte, 0, 64)
	)
	for name, f := range map[string]func(){
		"a head, whole": func() {
			r.Reset()
			r.Parse(browser, &roomy)
			r.Get("cookie")
			r.First(KnownHost)
			_, _, _ = r.Path(), r.Query(), r.Authority()
		},
		"a head, byte by byte": func() {
			r.Reset()
			for i := range browser {
				r.Parse(browser[:i+1], &roomy)
			}
		},
		"heads with the same section": func() {
			r.Forget()
			for i := range 3 {
				r.Reset()
				r.Parse(browser, &roomy)
				if r.Repeated() != (i > 0) {
					t.Error("repeated", r.Repeated(), i)
				}
				r.Remember()
			}
			r.Forget()
		},
		"a broken head": func() {
			r.Reset()
			if _, err := r.Parse(broken, &roomy); err == nil {
				t.Error("accepted")
			}
		},
		"a trailer section": func() { s.Reset(); s.Parse(trailer, &roomy) },
		"chunks": func() {
			d.Reset()
			skip, data, _, _ := d.Next(chunks)
			if _, _, done, _ := d.Next(chunks[skip+data:]); !done {
				t.Error("not done")
			}
		},
		"a broken chunk": func() {
			d.Reset()
			if _, _, _, err := d.Next(brokenChunk); err == nil {
				t.Error("accepted")
			}
		},
		"values": func() {
			for token, rest, ok := NextToken(list); ok; token, rest, ok = NextToken(rest) {
				EqualFold(token, "close")
			}
			ValidHost(r.First(KnownHost))
			ContentLength([]byte("1234"))
			dst, _ = AppendDecodedPath(dst[:0], path)
			for _, value, rest, ok := NextParam(query); ok; _, value, rest, ok = NextParam(rest) {
				dst, _ = AppendDecodedQuery(dst[:0], value)
			}
		},
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
