package static

import (
	"fmt"
	"strings"
	"testing"
)

func TestRange(t *testing.T) {
	s := newSite(t, Options{CacheControl: "no-cache"})
	const small = "0123456789"
	s.file("small.txt", small)
	long := strings.Repeat("0123456789abcdef", 10_000)
	s.file("long.txt", long)
	for _, c := range []struct {
		spec     string
		from, to int // to is after the last
	}{
		{"0-0", 0, 1}, {"0-4", 0, 5}, {"3-5", 3, 6}, {"9-9", 9, 10}, {"0-9", 0, 10},
		{"4-", 4, 10}, {"0-", 0, 10}, {"5-999", 5, 10},
		{"-1", 9, 10}, {"-10", 0, 10}, {"-999", 0, 10},
		{" 2-3 ", 2, 4}, {",2-3,", 2, 4}, {"00002-0003", 2, 4},
	} {
		a := s.status(206, "GET", "/small.txt", "Range: bytes="+c.spec)
		if a.body != small[c.from:c.to] {
			t.Errorf("%s: %q, want %q", c.spec, a.body, small[c.from:c.to])
		}
		s.field(a, "Content-Range", fmt.Sprintf("bytes %d-%d/10", c.from, c.to-1))
		s.field(a, "Content-Length", fmt.Sprint(c.to-c.from))
		s.field(a, "Accept-Ranges", "bytes")
	}
	for _, c := range [][2]int{{0, len(long)}, {1, len(long)}, {5, 5 + smallBytes}, {5, 6 + smallBytes}, {100_000, 100_001}, {70_001, 150_003}} {
		a := s.status(206, "GET", "/long.txt", fmt.Sprintf("Range: BYTES=%d-%d", c[0], c[1]-1))
		if a.body != long[c[0]:c[1]] {
			t.Errorf("%v: %d bytes differ", c, len(a.body))
		}
	}
}

func TestRangeUnsatisfiable(t *testing.T) {
	s := newSite(t, Options{})
	s.file("a.txt", "0123456789")
	s.file("empty.txt", "")
	for _, spec := range []string{"10-", "10-20", "999-", "-0", "99999999999999999999-"} {
		a := s.status(416, "GET", "/a.txt", "Range: bytes="+spec)
		s.field(a, "Content-Range", "bytes */10")
		s.status(200, "HEAD", "/a.txt", "Range: bytes="+spec) // defined for GET only
	}
	s.field(s.status(416, "GET", "/empty.txt", "Range: bytes=0-0"), "Content-Range", "bytes */0")
	s.status(200, "GET", "/empty.txt", "Range: bytes=-5") // all of it, which is nothing
}

func TestRangeIgnored(t *testing.T) {
	s := newSite(t, Options{})
	s.file("a.txt", "0123456789")
	for _, value := range []string{
		"bytes=0-1,3-4", "bytes=0-1, 3-4", "bytes=0-,-1", // several
		"bytes=4-3", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=1", "bytes=1-2-3", "bytes=+1-2", "bytes=1 -2", "bytes=0x1-2", "bytes 0-1", "bytes=--1",
		"lines=0-1", "bytess=0-1", "=0-1", "", "0-1",
		"bytes=0-99999999999999999999,1-2",
	} {
		a := s.status(200, "GET", "/a.txt", "Range: "+value)
		if a.body != "0123456789" {
			t.Errorf("%s: %q", value, a.body)
		}
		s.field(a, "Content-Range", "")
	}
	s.status(200, "GET", "/a.txt", "Range: bytes=0-1", "Range: bytes=0-1")
	s.status(200, "HEAD", "/a.txt", "Range: bytes=0-1")
}

func TestRangeOverflow(t *testing.T) {
	s := newSite(t, Options{})
	s.file("a.txt", "0123456789")
	for _, n := range []string{"9223372036854775806", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "99999999999999999999999999"} {
		if a := s.status(206, "GET", "/a.txt", "Range: bytes=3-"+n); a.body != "3456789" {
			t.Errorf("3-%s: %q", n, a.body)
		}
		if a := s.status(206, "GET", "/a.txt", "Range: bytes=-"+n); a.body != "0123456789" {
			t.Errorf("-%s: %q", n, a.body)
		}
		s.status(416, "GET", "/a.txt", "Range: bytes="+n+"-")
	}
}

// RFC 9110 §15.3.7: as a 200, but after If-Range only what is required.
func TestRangeFields(t *testing.T) {
	s := newSite(t, Options{CacheControl: "max-age=1"})
	s.file("a.txt", "0123456789")
	whole := s.get("/a.txt")
	a := s.status(206, "GET", "/a.txt", "Range: bytes=0-1")
	for _, name := range []string{"ETag", "Last-Modified", "Content-Type", "Cache-Control"} {
		s.field(a, name, whole.Header.Get(name))
	}
	a = s.status(206, "GET", "/a.txt", "Range: bytes=0-1", "If-Range: "+whole.Header.Get("ETag"))
	for _, name := range []string{"ETag", "Cache-Control"} {
		s.field(a, name, whole.Header.Get(name))
	}
	s.field(a, "Last-Modified", "")
	s.field(a, "Content-Type", "")
	s.field(a, "Content-Range", "bytes 0-1/10")
	// A Range that is ignored after all leaves a 200 with everything.
	a = s.status(200, "GET", "/a.txt", "Range: bytes=0-1,3-4", "If-Range: "+whole.Header.Get("ETag"))
	s.field(a, "Content-Type", whole.Header.Get("Content-Type"))
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-1", "bytes=-5", "bytes=5-", "bytes=9223372036854775807-", "bytes=-9223372036854775808", "bytes=1-2,3-4", "x"} {
		f.Add([]byte(s), int64(10))
	}
	f.Fuzz(func(t *testing.T, value []byte, size int64) {
		if size < 0 {
			return
		}
		s := parseRange(value, size)
		switch {
		case s.unsatisfiable:
			if s.partial || s.length != 0 {
				t.Errorf("%+v", s)
			}
		case s.partial:
			if s.offset < 0 || s.length <= 0 || s.offset > size-s.length {
				t.Errorf("%q of %d: %+v", value, size, s)
			}
		case s.offset != 0 || s.length != size:
			t.Errorf("%q of %d: %+v", value, size, s)
		}
	})
}
