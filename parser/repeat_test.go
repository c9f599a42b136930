package parser

import (
	"bytes"
	"strings"
	"testing"
)

// remembered returns a Request that has read head and remembers its section. What
// head lay in is written over, as its owner may do by then.
func remembered(t testing.TB, head string, lim Limits) *Request {
	t.Helper()
	var r Request
	remember(t, &r, head, lim)
	return &r
}

func remember(t testing.TB, r *Request, head string, lim Limits) {
	t.Helper()
	buf := []byte(head)
	r.Reset()
	if n, err := r.Parse(buf, &lim); err != nil || n != len(head) {
		t.Fatalf("%q: %d, %v", head, n, err)
	}
	r.Remember()
	for i := range buf {
		buf[i] = 'x'
	}
}

const section = "Host: a\r\nConnection: keep-alive\r\nX: \t y \r\nhost:\r\n\r\n"

// A section is taken without being read only if it is the one that is remembered,
// byte by byte, and comes whole.
func TestRepeated(t *testing.T) {
	many := strings.Repeat("a: b\r\n", inlineFields)
	longest := "a:" + strings.Repeat("v", repeatBytes-len("a:\r\n\r\n")) + "\r\n\r\n"
	for name, tt := range map[string]struct {
		before, head string
		want         bool
	}{
		"the same head":             {"GET / HTTP/1.1\r\n" + section, "GET / HTTP/1.1\r\n" + section, true},
		"another request line":      {"GET / HTTP/1.1\r\n" + section, "DELETE http://b/c?d HTTP/1.0\r\n" + section, true},
		"a shorter request line":    {"GET /abc?def HTTP/1.1\r\n" + section, "GET / HTTP/1.1\r\n" + section, true},
		"behind an empty line":      {"GET / HTTP/1.1\r\n" + section, "\r\nGET / HTTP/1.1\r\n" + section, true},
		"the one before behind one": {"\r\n\r\nGET / HTTP/1.1\r\n" + section, "GET / HTTP/1.1\r\n" + section, true},
		"no fields":                 {"GET / HTTP/1.1\r\n\r\n", "GET /a HTTP/1.1\r\n\r\n", true},
		"as many as are inline":     {"GET / HTTP/1.1\r\n" + many + "\r\n", "GET / HTTP/1.1\r\n" + many + "\r\n", true},
		"more than are inline":      {"GET / HTTP/1.1\r\n" + many + "c: d\r\n\r\n", "GET / HTTP/1.1\r\n" + many + "c: d\r\n\r\n", false},
		"as long as may be":         {line + longest, line + longest, true},
		"a byte longer":             {line + "b" + longest, line + "b" + longest, false},
		"long":                      {line + "a: " + strings.Repeat("v", repeatBytes) + "\r\n\r\n", line + "a: " + strings.Repeat("v", repeatBytes) + "\r\n\r\n", false},
		"a line less":               {line + "Host: a\r\nb: c\r\n\r\n", line + "Host: a\r\n\r\n", false},
		"a line more":               {line + "Host: a\r\n\r\n", line + "Host: a\r\nContent-Length: 5\r\n\r\n", false},
		"a line more in front":      {line + "Host: a\r\n\r\n", line + "Content-Length: 5\r\nHost: a\r\n\r\n", false},
		"another case":              {line + "Host: a\r\n\r\n", line + "host: a\r\n\r\n", false},
		"another value":             {line + "Host: a\r\n\r\n", line + "Host: b\r\n\r\n", false},
		"fields after none":         {line + "\r\n", line + "Host: b\r\n\r\n", false},
		"none after fields":         {line + "Host: b\r\n\r\n", line + "\r\n", false},
		"more lines than inline":    {line + "Host: b\r\n\r\n", line + many + "c: d\r\n\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			checkAfter(t, tt.before, []byte(tt.head), roomy)
			r := remembered(t, tt.before, roomy)
			if got := deliver(r, []byte(tt.head), roomy); got.n != len(tt.head) || r.Repeated() != tt.want {
				t.Errorf("got %+v, repeated %v, want %v", got, r.Repeated(), tt.want)
			}
			r.Reset()
			if r.Repeated() {
				t.Error("repeated after Reset")
			}
		})
	}
}

// checkAfter demands that head, after a head that is remembered, is read as it is
// read by a Request that remembers nothing, whole, in two pieces and byte by byte.
func checkAfter(t *testing.T, before string, head []byte, lim Limits, cuts ...int) {
	t.Helper()
	var fresh Request
	want := deliver(&fresh, head, lim)
	view := describe(&fresh)
	all := [][]int{nil, cuts, everyCut(head)}
	for cut := range head {
		all = append(all, []int{cut})
	}
	for _, cuts := range all {
		r := remembered(t, before, lim)
		if got := deliver(r, head, lim, cuts...); got != want {
			t.Fatalf("%q after %q, cut at %v: got %+v, want %+v", head, before, cuts, got, want)
		}
		if want.n != 0 && describe(r) != view {
			t.Fatalf("%q after %q, cut at %v: got\n%s\nwant\n%s", head, before, cuts, describe(r), view)
		}
	}
}

// What is remembered outlasts a request line that is not whole or not right, and a
// section that is another ends it.
func TestRememberedLasts(t *testing.T) {
	head := "GET / HTTP/1.1\r\n" + section
	r := remembered(t, head, roomy)
	empty := func(after string) {
		t.Helper()
		if _, ok := r.Get("host"); ok || r.Len() != 0 || r.First(KnownHost) != nil || r.HasAny(SetOf(KnownHost)) {
			t.Errorf("%s: it still has fields", after)
		}
	}
	r.Reset()
	empty("Reset")
	for _, input := range []string{"GE", "GET /\x00", "\n"} {
		deliver(r, []byte(input), roomy)
		empty(input)
		r.Reset()
	}
	for range 3 {
		if got := deliver(r, []byte(head), roomy); got.n != len(head) || !r.Repeated() {
			t.Fatalf("got %+v, repeated %v", got, r.Repeated())
		}
		r.Remember()
	}
	if got := deliver(r, []byte(line+"a : b\r\n"), roomy); got.err.Reason != ReasonSpaceBeforeColon || r.Len() != 0 {
		t.Fatalf("got %+v with %d fields", got, r.Len())
	}
	if got := deliver(r, []byte(head), roomy); got.n != len(head) || r.Repeated() {
		t.Fatalf("got %+v, repeated %v", got, r.Repeated())
	}
	// Not remembered: it is only the one before.
	if got := deliver(r, []byte(head), roomy); got.n != len(head) || r.Repeated() {
		t.Fatalf("got %+v, repeated %v", got, r.Repeated())
	}
}

// Whatever is remembered is dropped by Forget, before Reset and after it.
func TestForget(t *testing.T) {
	head := "GET / HTTP/1.1\r\n" + section
	for name, forget := range map[string]func(r *Request){
		"before Reset":   func(r *Request) { r.Forget() },
		"after Reset":    func(r *Request) { r.Reset(); r.Forget() },
		"after an error": func(r *Request) { deliver(r, []byte("\n"), roomy); r.Forget() },
	} {
		r := remembered(t, head, roomy)
		forget(r)
		if got := deliver(r, []byte(head), roomy); got.n != len(head) || r.Repeated() {
			t.Errorf("%s: got %+v, repeated %v", name, got, r.Repeated())
		}
	}
}

// Limits of the request line and of the whole head hold for a section that is
// taken, too.
func TestRepeatedLimits(t *testing.T) {
	const head = "GET / HTTP/1.1\r\n" + section
	lim := Limits{RequestLine: 20, FieldLine: 30, Head: len(head) + 3, Fields: 4}
	for _, next := range []string{
		"GET /1 HTTP/1.1\r\n" + section,
		"GET /123 HTTP/1.1\r\n" + section,
		"GET /1234 HTTP/1.1\r\n" + section,
		"GET /1234567890 HTTP/1.1\r\n" + section,
	} {
		checkAfter(t, head, []byte(next), lim)
	}
}

// FuzzRepeated reads one head after another, which is remembered if it is complete,
// and demands of the second what it is by itself.
func FuzzRepeated(f *testing.F) {
	f.Add([]byte("/ HTTP/1.1"), []byte("/a?b HTTP/1.0"), []byte(section), []byte(section), []byte{3, 200, 1}, uint8(0))
	f.Add([]byte("/ HTTP/1.1"), []byte("* HTTP/1.0"), []byte("a: b\r\n\r\n"), []byte("a: b\r\nc: d\r\n\r\n"), []byte{9}, uint8(1))
	f.Add([]byte("/ HTTP/1.1"), []byte("/"), []byte("\r\n"), []byte("\r\n\r\n"), []byte{}, uint8(2))
	f.Fuzz(func(t *testing.T, target1, target2, section1, section2, steps []byte, which uint8) {
		first := append(append([]byte("GET "), target1...), "\r\n"...)
		second := append(append([]byte("GET "), target2...), "\r\n"...)
		first, second = append(first, section1...), append(second, section2...)
		if len(first) > maxFuzzInput || len(second) > maxFuzzInput {
			return
		}
		lim := fuzzLimits[int(which)%len(fuzzLimits)]
		var r, fresh Request
		want := deliver(&fresh, second, lim)
		for _, cuts := range [][]int{nil, everyCut(second), cutsFrom(steps, len(second))} {
			one := deliver(&r, first, lim)
			if one.n != 0 {
				r.Remember()
			}
			if got := deliver(&r, second, lim, cuts...); got != want {
				t.Fatalf("cut at %v: got %+v, alone: %+v", cuts, got, want)
			}
			if want.n == 0 {
				if !r.Repeated() {
					continue
				}
				t.Fatalf("repeated, but %+v", want)
			}
			if got := describe(&r); got != describe(&fresh) {
				t.Fatalf("cut at %v: got\n%s\nalone:\n%s", cuts, got, describe(&fresh))
			}
			if r.Repeated() && !bytes.HasSuffix(first[:one.n], sectionOf(second[:want.n])) {
				t.Fatalf("%q repeats %q", second, first)
			}
		}
	})
}

// sectionOf returns the field section of a complete head, with the empty line.
func sectionOf(head []byte) []byte {
	head = bytes.TrimLeft(head, "\r\n")
	_, section, _ := bytes.Cut(head, []byte("\r\n"))
	return section
}
