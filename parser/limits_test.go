package parser

import (
	"strings"
	"testing"
)

func TestLimits(t *testing.T) {
	tests := []struct {
		lim    Limits
		input  string
		status int // 0: accepted
		reason Reason
		offset int
	}{
		{Limits{}, line + "a: b\r\n\r\n", 0, 0, 0},
		{Limits{-1, -1, -1, -1}, line + "a: b\r\n\r\n", 0, 0, 0},
		// The request line, to the byte.
		{Limits{RequestLine: 14}, line + "\r\n", 0, 0, 0},
		{Limits{RequestLine: 14}, "\r\n" + line + "\r\n", 0, 0, 0},
		{Limits{RequestLine: 13}, line + "\r\n", 414, ReasonTargetTooLong, 13},
		{Limits{RequestLine: 13}, "\r\n" + line + "\r\n", 414, ReasonTargetTooLong, 15},
		{Limits{RequestLine: 6}, line, 414, ReasonTargetTooLong, 6},
		{Limits{RequestLine: 5}, line, 414, ReasonTargetTooLong, 5},
		{Limits{RequestLine: 4}, line, 414, ReasonTargetTooLong, 4},
		{Limits{RequestLine: 3}, line, 501, ReasonMethodTooLong, 3},
		{Limits{RequestLine: 1}, line, 501, ReasonMethodTooLong, 1},
		{Limits{RequestLine: 14}, "GET / HTTP/1.10\r\n", 414, ReasonTargetTooLong, 14},
		{Limits{RequestLine: 10}, "GET /" + strings.Repeat("a", 100), 414, ReasonTargetTooLong, 10},
		{Limits{RequestLine: 10}, strings.Repeat("A", 100), 501, ReasonMethodTooLong, 10},
		{Limits{RequestLine: 10}, "GET /aaaaa\r\n", 400, ReasonMissingVersion, 10},
		{Limits{RequestLine: 10}, "GET /aa\x01aa", 400, ReasonBadTargetByte, 7},
		// A field line, to the byte.
		{Limits{FieldLine: 4}, line + "a: b\r\n\r\n", 0, 0, 0},
		{Limits{FieldLine: 4}, line + "a:b \r\n\r\n", 0, 0, 0},
		{Limits{FieldLine: 4}, line + "abc:\r\na:\t \r\n\r\n", 0, 0, 0},
		{Limits{FieldLine: 3}, line + "a: b\r\n\r\n", 431, ReasonFieldLineTooLong, 19},
		{Limits{FieldLine: 3}, line + "a:b \r\n\r\n", 431, ReasonFieldLineTooLong, 19},
		{Limits{FieldLine: 3}, line + "a:b\n", 431, ReasonFieldLineTooLong, 19},
		{Limits{FieldLine: 2}, line + "a:  \r\n\r\n", 431, ReasonFieldLineTooLong, 18},
		{Limits{FieldLine: 1}, line + "a: b\r\n\r\n", 431, ReasonFieldLineTooLong, 17},
		{Limits{FieldLine: 4}, line + "abcd: e\r\n\r\n", 431, ReasonFieldLineTooLong, 20},
		{Limits{FieldLine: 4}, line + "abcd\r\n", 400, ReasonMissingColon, 20},
		{Limits{FieldLine: 4}, line + "a: b\r\nc: de\r\n", 431, ReasonFieldLineTooLong, 26},
		{Limits{FieldLine: 100}, line + strings.Repeat("a", 1000), 431, ReasonFieldLineTooLong, 116},
		{Limits{FieldLine: 100}, line + "a: " + strings.Repeat("a", 1000), 431, ReasonFieldLineTooLong, 116},
		{Limits{FieldLine: 100}, line + "a: " + strings.Repeat(" ", 1000), 431, ReasonFieldLineTooLong, 116},
		// The number of field lines.
		{Limits{Fields: 1}, line + "a: b\r\n\r\n", 0, 0, 0},
		{Limits{Fields: 1}, line + "a: b\r\nc", 431, ReasonTooManyFields, 22},
		{Limits{Fields: 1}, line + "a: b\r\n c", 400, ReasonObsFold, 22},
		{Limits{Fields: 2}, line + "a:\r\nb:\r\n\x00", 431, ReasonTooManyFields, 24},
		// The whole head, to the byte.
		{Limits{Head: 24}, line + "a: b\r\n\r\n", 0, 0, 0},
		{Limits{Head: 24}, line + "a: b\r\n\r\nmore", 0, 0, 0},
		{Limits{Head: 23}, line + "a: b\r\n\r\n", 431, ReasonSectionTooLarge, 23},
		{Limits{Head: 22}, line + "a: b\r\n\r\n", 431, ReasonSectionTooLarge, 22},
		{Limits{Head: 18}, line + "a: b\r\n\r\n", 431, ReasonSectionTooLarge, 18},
		{Limits{Head: 16}, line + "a: b\r\n\r\n", 431, ReasonSectionTooLarge, 16},
		{Limits{Head: 15}, line + "a: b\r\n\r\n", 414, ReasonTargetTooLong, 15},
		{Limits{Head: 8}, line, 414, ReasonTargetTooLong, 8},
		{Limits{Head: 3}, line, 501, ReasonMethodTooLong, 3},
		{Limits{Head: 2}, "\r\n\r\n", 431, ReasonSectionTooLarge, 2},
		{Limits{Head: 1}, "\r\n\r\n", 431, ReasonSectionTooLarge, 1},
		{Limits{Head: 20, FieldLine: 4}, line + "a: bc\r\n", 431, ReasonSectionTooLarge, 20},
		{Limits{Head: 21, FieldLine: 4}, line + "a: bc\r\n", 431, ReasonFieldLineTooLong, 20},
	}
	for _, tt := range tests {
		var r Request
		got := deliverAll(t, &r, []byte(tt.input), tt.lim)
		if want := (Error{tt.status, tt.reason, tt.offset}); got.err != want || (got.n != 0) != (tt.status == 0) {
			t.Errorf("%q, %+v:\n got %+v %q\nwant %+v %q", tt.input, tt.lim, got, got.err.Reason, want, want.Reason)
		}
	}
}

func TestTrailerLimits(t *testing.T) {
	tests := []struct {
		lim   Limits
		input string
		want  outcome
	}{
		{Limits{}, "\r\n", outcome{n: 2}},
		{Limits{RequestLine: 1, Head: 8}, "a: b\r\n\r\n0\r\n", outcome{n: 8}},
		{Limits{Head: 7}, "a: b\r\n\r\n", outcome{err: Error{431, ReasonSectionTooLarge, 7}}},
		{Limits{Head: 1}, "\r\n", outcome{err: Error{431, ReasonSectionTooLarge, 1}}},
		{Limits{FieldLine: 3}, "a: b\r\n\r\n", outcome{err: Error{431, ReasonFieldLineTooLong, 3}}},
		{Limits{Fields: 1}, "a: b\r\nc: d\r\n\r\n", outcome{err: Error{431, ReasonTooManyFields, 6}}},
	}
	for _, tt := range tests {
		var s Trailer
		if got := deliverAll(t, &s, []byte(tt.input), tt.lim); got != tt.want {
			t.Errorf("%q, %+v: got %+v, want %+v", tt.input, tt.lim, got, tt.want)
		}
	}
}

// A limit that is lowered within a head holds from then on, also behind the request
// line.
func TestLoweredLimit(t *testing.T) {
	input := []byte("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
	var r Request
	if n, err := r.Parse(input[:20], &roomy); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	lowered := roomy
	lowered.Head = 10
	if n, err := r.Parse(input, &lowered); n != 0 || err == nil || err.Reason != ReasonSectionTooLarge {
		t.Errorf("%d, %v", n, err)
	}
}
