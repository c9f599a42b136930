package parser

import (
	"bufio"
	"bytes"
	"net/textproto"
	"os"
	"path/filepath"
	"testing"
)

// fuzzLimits are small, so that inputs meet them.
var fuzzLimits = []Limits{
	roomy,
	{RequestLine: 40, FieldLine: 30, Head: 120, Fields: 4},
	{RequestLine: 12, FieldLine: 8, Head: 25, Fields: 1},
	{},
}

// maxFuzzInput keeps byte-by-byte delivery, which copies every prefix, quick.
const maxFuzzInput = 2048

// cutsFrom turns bytes into cuts of an input of the given length.
func cutsFrom(steps []byte, length int) (cuts []int) {
	at := 0
	for _, step := range steps {
		if at += int(step); at > length {
			break
		}
		cuts = append(cuts, at)
	}
	return cuts
}

// FuzzHead delivers a head whole, byte by byte and in arbitrary pieces, and
// demands the same outcome; and what any outcome must hold to.
func FuzzHead(f *testing.F) {
	browser, err := os.ReadFile("testdata/browser-request.http")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(browser, []byte{3, 200, 1, 1, 50}, uint8(0))
	f.Add([]byte(line+"a: b\r\n\r\n"), []byte{1, 2, 3, 4}, uint8(1))
	f.Fuzz(func(t *testing.T, input, steps []byte, which uint8) {
		if len(input) > maxFuzzInput {
			return
		}
		lim := fuzzLimits[int(which)%len(fuzzLimits)]
		var r Request
		want := deliver(&r, input, lim)
		view := ""
		if want.n != 0 {
			view = describe(&r)
			checkHead(t, &r, input, want.n, lim)
		}
		checkOutcome(t, want, input)
		for _, cuts := range [][]int{everyCut(input), cutsFrom(steps, len(input))} {
			if got := deliver(&r, input, lim, cuts...); got != want {
				t.Fatalf("cut at %v: got %+v, whole: %+v", cuts, got, want)
			} else if got.n != 0 && describe(&r) != view {
				t.Fatalf("cut at %v: got\n%s\nwhole:\n%s", cuts, describe(&r), view)
			}
		}
		// A complete head is complete without what follows it, and not without
		// its last byte.
		if want.n != 0 {
			if got := deliver(&r, input[:want.n], lim); got != want {
				t.Fatalf("alone: got %+v, want %+v", got, want)
			}
			if got := deliver(&r, input[:want.n-1], lim); got != (outcome{}) {
				t.Fatalf("without its last byte: got %+v", got)
			}
		}
	})
}

func checkOutcome(t *testing.T, got outcome, input []byte) {
	t.Helper()
	if got.n < 0 || got.n > len(input) {
		t.Fatalf("n = %d of %d", got.n, len(input))
	}
	if e := got.err; e.Reason != 0 && (e.Offset < 0 || e.Offset >= len(input) || e.Status != e.Reason.Status()) {
		t.Fatalf("error %+v in %d bytes", e, len(input))
	}
}

// checkHead checks a complete head against what the grammar says of it, seen
// from its lines.
func checkHead(t *testing.T, r *Request, input []byte, n int, lim Limits) {
	t.Helper()
	head := bytes.TrimLeft(input[:n], "\r\n")
	if !bytes.HasSuffix(head, []byte("\r\n\r\n")) || n-len(head) > 2*maxEmptyLines || lim.Head > 0 && n > lim.Head {
		t.Fatalf("the head is %q", input[:n])
	}
	lines := bytes.Split(bytes.TrimSuffix(head, []byte("\r\n\r\n")), []byte("\r\n"))
	version := []string{"HTTP/1.0", "HTTP/1.1"}[r.Minor()]
	if first := string(r.Method()) + " " + string(r.Target()) + " " + version; first != string(lines[0]) {
		t.Fatalf("request line %q, parsed as %q", lines[0], first)
	}
	if lim.RequestLine > 0 && len(lines[0]) > lim.RequestLine {
		t.Fatalf("request line of %d bytes", len(lines[0]))
	}
	checkTarget(t, r)
	checkFields(t, &r.Fields, lines[1:], lim)
	checkLikeTextproto(t, &r.Fields, head[len(lines[0])+2:])
}

// checkLikeTextproto demands that the standard library finds the same fields:
// two readers of one head must not differ.
func checkLikeTextproto(t *testing.T, f *Fields, section []byte) {
	t.Helper()
	header, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(section))).ReadMIMEHeader()
	if err != nil {
		t.Fatalf("net/textproto refuses %q: %v", section, err)
	}
	for i := range f.Len() {
		name, value := f.At(i)
		key := textproto.CanonicalMIMEHeaderKey(string(name))
		if len(header[key]) == 0 || header[key][0] != string(value) {
			t.Fatalf("net/textproto finds %q of %q in %q", header[key], key, section)
		}
		if header[key] = header[key][1:]; len(header[key]) == 0 {
			delete(header, key)
		}
	}
	if len(header) != 0 {
		t.Fatalf("net/textproto finds %v more in %q", header, section)
	}
}

func checkTarget(t *testing.T, r *Request) {
	t.Helper()
	target := ""
	if r.Form() == AbsoluteForm {
		target = string(r.Scheme()) + "://"
	}
	target += string(r.Authority()) + string(r.Path())
	if r.HasQuery() {
		target += "?" + string(r.Query())
	}
	whole := string(r.Target())
	if target != whole && !(r.Form() == AbsoluteForm && (string(r.Path()) == "/" || string(r.Path()) == "*")) {
		t.Fatalf("target %q, from its parts %q", whole, target)
	}
	if (r.Form() == AuthorityForm) != (r.Verb() == VerbConnect) || r.Form() == AsteriskForm && r.Verb() != VerbOptions {
		t.Fatalf("%v %v", r.Verb(), r.Form())
	}
	if !ValidToken(r.Method()) || bytes.ContainsAny(r.Target(), " #\t\r\n\x00\x7f") {
		t.Fatalf("%q %q", r.Method(), r.Target())
	}
}

func checkFields(t *testing.T, f *Fields, lines [][]byte, lim Limits) {
	t.Helper()
	if f.Len() != len(lines) || lim.Fields > 0 && f.Len() > lim.Fields {
		t.Fatalf("%d fields of %d lines", f.Len(), len(lines))
	}
	var counts [numKnown]int
	for i, l := range lines {
		name, value := f.At(i)
		wantName, wantValue, _ := bytes.Cut(l, []byte(":"))
		wantValue = bytes.Trim(wantValue, " \t")
		if !bytes.Equal(name, wantName) || !bytes.Equal(value, wantValue) {
			t.Fatalf("line %q: %q and %q", l, name, value)
		}
		if !ValidFieldName(name) || !ValidFieldValue(value) || lim.FieldLine > 0 && len(l) > lim.FieldLine {
			t.Fatalf("line %q accepted", l)
		}
		for k := range numKnown {
			if EqualFold(name, k.String()) {
				if counts[k]++; counts[k] == 1 && f.FirstIndex(k) != i {
					t.Fatalf("first %v at %d, not at %d", k, f.FirstIndex(k), i)
				}
			}
		}
	}
	for k, count := range counts {
		if f.Count(Known(k)) != count {
			t.Fatalf("%d lines of %v, not %d", f.Count(Known(k)), Known(k), count)
		}
	}
}

// FuzzTrailer does for trailer sections what FuzzHead does for heads.
func FuzzTrailer(f *testing.F) {
	f.Add([]byte("\r\n"), []byte{1}, uint8(0))
	f.Add([]byte("Checksum: abc\r\nx:y\r\n\r\n"), []byte{1, 7}, uint8(1))
	f.Fuzz(func(t *testing.T, input, steps []byte, which uint8) {
		if len(input) > maxFuzzInput {
			return
		}
		lim := fuzzLimits[int(which)%len(fuzzLimits)]
		var s Trailer
		want := deliver(&s, input, lim)
		checkOutcome(t, want, input)
		if want.n != 0 {
			section := bytes.TrimSuffix(input[:want.n], []byte("\r\n"))
			lines := bytes.Split(section, []byte("\r\n"))
			checkFields(t, &s.Fields, lines[:len(lines)-1], lim)
		}
		for _, cuts := range [][]int{everyCut(input), cutsFrom(steps, len(input))} {
			if got := deliver(&s, input, lim, cuts...); got != want {
				t.Fatalf("cut at %v: got %+v, whole: %+v", cuts, got, want)
			}
		}
	})
}

// FuzzChunked decodes a body whole, byte by byte and in arbitrary pieces, and
// compares it with the reference decoder.
func FuzzChunked(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\n\r\n"), []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, input, steps []byte) {
		want := dechunk(input)
		for _, cuts := range [][]int{everyCut(input), cutsFrom(steps, len(input))} {
			if got := dechunk(input, cuts...); got != want {
				t.Fatalf("cut at %v: got %+v, whole: %+v", cuts, got, want)
			}
		}
		data, state := referenceDechunk(input)
		if want.reason != 0 && want.offset >= len(input) {
			t.Fatalf("error at %d of %d bytes", want.offset, len(input))
		}
		if want.data != data || want.done != (state == refDone) {
			t.Fatalf("got %+v; reference: %q, %v", want, data, state)
		}
		// The reference sees a broken line only when it is whole.
		if state == refBroken && want.reason == 0 || state == refDone && want.reason != 0 {
			t.Fatalf("got %+v; reference: %v", want, state)
		}
	})
}

// FuzzIPv6 compares IPv6 addresses with net/netip.
func FuzzIPv6(f *testing.F) {
	for _, v := range ipv6Seeds {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) { checkIPv6(t, v) })
}

// The committed seeds are there.
func TestSeeds(t *testing.T) {
	seeds, err := filepath.Glob("testdata/fuzz/Fuzz*/*")
	if err != nil || len(seeds) < 12 {
		t.Errorf("%d seeds, %v", len(seeds), err)
	}
}
