package parser

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func parseSection(t *testing.T, section string) *Trailer {
	t.Helper()
	s := new(Trailer)
	if got := deliverAll(t, s, []byte(section), roomy); got.n != len(section) {
		t.Fatalf("%q: got %+v", section, got)
	}
	return s
}

func TestFieldValues(t *testing.T) {
	tests := []struct{ line, name, value string }{
		{"a: b", "a", "b"},
		{"a:b", "a", "b"},
		{"a:", "a", ""},
		{"a: ", "a", ""},
		{"a:\t \t", "a", ""},
		{"a:  \t b c \t ", "a", "b c"},
		{"a: b\tc", "a", "b\tc"},
		{"a: 0123456\t89abcdef\tghijkl", "a", "0123456\t89abcdef\tghijkl"},
		{"a: b:c", "a", "b:c"},
		{"a::", "a", ":"},
		{"!#$%&'*+-.^_`|~09azAZ: b", "!#$%&'*+-.^_`|~09azAZ", "b"},
		{"a: \x80\xff\xc3\xa9", "a", "\x80\xff\xc3\xa9"},
		{"a: \xff~~~~~~~~\xff\xff~", "a", "\xff~~~~~~~~\xff\xff~"},
		{"Sec-CH-UA-Full-Version-List: \"a\";v=\"1\"", "Sec-CH-UA-Full-Version-List", "\"a\";v=\"1\""},
	}
	for _, tt := range tests {
		s := parseSection(t, tt.line+"\r\n\r\n")
		if s.Len() != 1 {
			t.Fatalf("%q: %d lines", tt.line, s.Len())
		}
		if name, value := s.At(0); string(name) != tt.name || string(value) != tt.value {
			t.Errorf("%q: got %q, %q", tt.line, name, value)
		}
	}
}

func TestFieldsLookUp(t *testing.T) {
	s := parseSection(t, "Host: a\r\nX-One: 1\r\nCONNECTION: close\r\nx-one: 2\r\nconnection: te\r\nTE:\r\nConnection: c\r\n\r\n")
	for _, tt := range []struct {
		name string
		from int
		want int
	}{
		{"host", 0, 0}, {"host", -1, 0}, {"host", 1, -1}, {"X-ONE", 0, 1}, {"X-ONE", 2, 3}, {"X-ONE", 4, -1},
		{"connection", 3, 4}, {"none", 0, -1}, {"", 0, -1}, {"te", 99, -1},
	} {
		if got := s.Next(tt.name, tt.from); got != tt.want {
			t.Errorf("Next(%q, %d) = %d, want %d", tt.name, tt.from, got, tt.want)
		}
	}
	if v, ok := s.Get("x-ONE"); string(v) != "1" || !ok {
		t.Errorf("Get: %q %v", v, ok)
	}
	if v, ok := s.Get("TE"); v == nil || len(v) != 0 || !ok {
		t.Errorf("Get of an empty value: %#v %v", v, ok)
	}
	if v, ok := s.Get("none"); v != nil || ok {
		t.Errorf("Get of none: %#v %v", v, ok)
	}
	if s.Count(KnownConnection) != 3 || s.FirstIndex(KnownConnection) != 2 || string(s.First(KnownConnection)) != "close" {
		t.Errorf("Connection: %d, %d, %q", s.Count(KnownConnection), s.FirstIndex(KnownConnection), s.First(KnownConnection))
	}
	if s.Count(KnownExpect) != 0 || s.FirstIndex(KnownExpect) != -1 || s.First(KnownExpect) != nil {
		t.Errorf("Expect: %d, %d, %#v", s.Count(KnownExpect), s.FirstIndex(KnownExpect), s.First(KnownExpect))
	}
	if v := s.First(KnownTE); v == nil || len(v) != 0 {
		t.Errorf("First of an empty value: %#v", v)
	}
	for _, tt := range []struct {
		known Known
		from  int
		want  int
	}{
		{KnownConnection, 0, 2}, {KnownConnection, 2, 2}, {KnownConnection, 3, 4}, {KnownConnection, 5, 6}, {KnownConnection, 7, -1},
		{KnownHost, 0, 0}, {KnownHost, 1, -1}, {KnownExpect, 0, -1},
	} {
		if got := s.NextKnown(tt.known, tt.from); got != tt.want {
			t.Errorf("NextKnown(%v, %d) = %d, want %d", tt.known, tt.from, got, tt.want)
		}
	}
}

// Each known name is recognised in any case, and nothing like it is.
func TestKnownNames(t *testing.T) {
	for k := range numKnown {
		name := k.String()
		for _, spelt := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			s := parseSection(t, spelt+": v\r\n\r\n")
			if s.Count(k) != 1 || string(s.First(k)) != "v" {
				t.Errorf("%s: count %d, first %q", spelt, s.Count(k), s.First(k))
			}
		}
		for i := range name {
			for _, c := range []byte("x_-~^0") {
				other := []byte(name)
				if other[i] == c {
					continue
				}
				other[i] = c
				s := parseSection(t, string(other)+": v\r\n\r\n")
				for k2 := range numKnown {
					if s.Count(k2) != 0 {
						t.Errorf("%s recognised as %v", other, k2)
					}
				}
			}
		}
		for _, other := range []string{name + "x", name[:len(name)-1], "x" + name} {
			if other == "If-Range" || other == "Range" {
				continue
			}
			s := parseSection(t, other+": v\r\n\r\n")
			if s.seen != 0 {
				t.Errorf("%s recognised", other)
			}
		}
	}
	if got := numKnown.String(); got != "unknown" {
		t.Errorf("String of no known name: %q", got)
	}
}

// What a section says of a known name is not left over from the one before.
func TestResetForgets(t *testing.T) {
	var s Trailer
	for _, tt := range []struct {
		section string
		want    int
	}{{"te: a\r\nte: b\r\n\r\n", 2}, {"\r\n", 0}, {"x: y\r\nte: c\r\n\r\n", 1}} {
		deliver(&s, []byte(tt.section), roomy)
		if got := s.Count(KnownTE); got != tt.want {
			t.Errorf("%q: %d", tt.section, got)
		}
	}
	if s.FirstIndex(KnownTE) != 1 || string(s.First(KnownTE)) != "c" {
		t.Errorf("first %d %q", s.FirstIndex(KnownTE), s.First(KnownTE))
	}
}

// More lines than are held inline are all there, and the room for them is kept.
func TestManyFields(t *testing.T) {
	const lines = 3 * inlineFields
	var b bytes.Buffer
	for i := range lines {
		fmt.Fprintf(&b, "x-%d: %d\r\n", i, i)
	}
	b.WriteString("Expect: last\r\n\r\n")
	var s Trailer
	for range 2 {
		if got := deliver(&s, b.Bytes(), Limits{}); got.n != b.Len() {
			t.Fatalf("got %+v", got)
		}
		if s.Len() != lines+1 {
			t.Fatalf("%d lines", s.Len())
		}
		for i := range lines {
			if name, value := s.At(i); string(name) != fmt.Sprint("x-", i) || string(value) != fmt.Sprint(i) {
				t.Errorf("line %d: %q: %q", i, name, value)
			}
		}
		if s.FirstIndex(KnownExpect) != lines || s.Next("expect", 0) != lines {
			t.Errorf("Expect at %d", s.FirstIndex(KnownExpect))
		}
	}
	allocs := testing.AllocsPerRun(10, func() {
		s.Reset()
		s.Parse(b.Bytes(), &Limits{})
	})
	if allocs != 0 {
		t.Errorf("%v allocations after the first", allocs)
	}
}

func TestAtOutOfRangePanics(t *testing.T) {
	s := parseSection(t, "a: b\r\n\r\n")
	for _, i := range []int{-1, 1, inlineFields, inlineFields + 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("At(%d) did not panic", i)
				}
			}()
			s.At(i)
		}()
	}
}

func TestTrailer(t *testing.T) {
	for _, tt := range []struct {
		input string
		n     int
	}{{"\r\n", 2}, {"\r\nGET / HTTP/1.1\r\n", 2}, {"Checksum: abc\r\n\r\n\r\n", 17}, {"a: b\r\n", 0}, {"", 0}} {
		var s Trailer
		if got := deliverAll(t, &s, []byte(tt.input), roomy); got != (outcome{n: tt.n}) {
			t.Errorf("%q: got %+v", tt.input, got)
		}
	}
	var s Trailer
	buf := []byte("a: b\r\n\r\n")
	s.Parse(buf, &roomy)
	moved := bytes.Clone(buf)
	clear(buf)
	s.Rebind(moved)
	if v, _ := s.Get("a"); string(v) != "b" {
		t.Errorf("after Rebind: %q", v)
	}
	s.Reset()
	s.Parse([]byte(":"), &roomy)
	if n, err := s.Parse([]byte(": b\r\n\r\n"), &roomy); n != 0 || err == nil || err.Reason != ReasonEmptyFieldName {
		t.Errorf("after an error: %d %v", n, err)
	}
}
