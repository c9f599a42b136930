package parser

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// roomy are limits that no head in these tests reaches.
var roomy = Limits{RequestLine: 8 << 10, FieldLine: 8 << 10, Head: 64 << 10, Fields: 100}

// headParser is what Request and Trailer have in common.
type headParser interface {
	Reset()
	Parse(buf []byte, lim *Limits) (int, *Error)
}

// outcome is what a parser made of its input: a length, an error, or neither.
type outcome struct {
	n   int
	err Error
}

// deliver gives input to p in pieces that end at the cuts and at the end of
// input, each time in another buffer that holds not a byte more.
func deliver(p headParser, input []byte, lim Limits, cuts ...int) outcome {
	p.Reset()
	for _, cut := range append(cuts, len(input)) {
		buf := bytes.Clone(input[:cut:cut])
		if n, err := p.Parse(buf, &lim); err != nil {
			return outcome{0, *err}
		} else if n != 0 {
			return outcome{n, Error{}}
		}
	}
	return outcome{}
}

// everyCut returns the cuts for delivery byte by byte.
func everyCut(input []byte) (cuts []int) {
	for i := 0; i <= len(input); i++ {
		cuts = append(cuts, i)
	}
	return cuts
}

// deliverAll delivers input whole, byte by byte and at every split, demands
// the same outcome and the same view of it each time, and returns the outcome.
// p is left as the last delivery left it.
func deliverAll(t *testing.T, p headParser, input []byte, lim Limits) outcome {
	t.Helper()
	same := func(want, got outcome, wantView string, how string) {
		t.Helper()
		if want != got {
			t.Fatalf("%q: %s: got %+v, whole: %+v", input, how, got, want)
		}
		if got.n != 0 {
			if view := describe(p); view != wantView {
				t.Fatalf("%q: %s: got\n%s\nwhole:\n%s", input, how, view, wantView)
			}
		}
	}
	want := deliver(p, input, lim)
	view := ""
	if want.n != 0 {
		view = describe(p)
	}
	same(want, deliver(p, input, lim, everyCut(input)...), view, "byte by byte")
	for cut := range input {
		same(want, deliver(p, input, lim, cut), view, fmt.Sprintf("cut at %d", cut))
	}
	same(want, deliver(p, input, lim), view, "whole again")
	return want
}

// describe writes down everything that p says of a complete head.
func describe(p headParser) string {
	var b strings.Builder
	var f *Fields
	switch p := p.(type) {
	case *Request:
		f = &p.Fields
		fmt.Fprintf(&b, "%q %v %q %v %q %q %q %q %v HTTP/1.%d\n", p.Method(), p.Verb(), p.Target(), p.Form(),
			p.Scheme(), p.Authority(), p.Path(), p.Query(), p.HasQuery(), p.Minor())
	case *Trailer:
		f = &p.Fields
	}
	for i := range f.Len() {
		name, value := f.At(i)
		fmt.Fprintf(&b, "%q: %q\n", name, value)
	}
	for k := range numKnown {
		if f.Count(k) > 0 {
			fmt.Fprintf(&b, "%v: %d times, first %d: %q\n", k, f.Count(k), f.FirstIndex(k), f.First(k))
		}
	}
	return b.String()
}
