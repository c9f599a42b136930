package parser

import (
	"fmt"
	"strings"
	"testing"
)

// decoded is what a chunked body came to.
type decoded struct {
	data     string
	consumed int // framing and data
	done     bool
	reason   Reason
	offset   int // of the error, from the start of the body
}

// dechunk decodes input, delivered in pieces that end at the cuts and at the
// end of input. Like a connection, it keeps what Next has not consumed and
// offers it again with what comes next.
func dechunk(input []byte, cuts ...int) (got decoded) {
	var d Chunked
	var all []byte
	defer func() { got.data = string(all) }()
	for _, cut := range append(cuts, len(input)) {
		for {
			skip, data, done, err := d.Next(input[got.consumed:cut:cut])
			if err != nil {
				got.reason, got.offset = err.Reason, got.consumed+err.Offset
				got.consumed = 0 // it depends on the pieces
				if _, _, _, again := d.Next(input); again != err {
					panic("the error does not come again")
				}
				return got
			}
			all = append(all, input[got.consumed+skip:got.consumed+skip+data]...)
			got.consumed += skip + data
			if done {
				if data != 0 {
					panic("data with done")
				}
				if skip, data, done, _ := d.Next([]byte("more")); skip != 0 || data != 0 || !done {
					panic("not done the second time")
				}
				got.done = true
				return got
			}
			if skip == 0 && data == 0 {
				break
			}
		}
	}
	return got
}

// dechunkAll decodes input whole, byte by byte and at every split, and demands
// the same each time.
func dechunkAll(t *testing.T, input string) decoded {
	t.Helper()
	in := []byte(input)
	want := dechunk(in)
	if got := dechunk(in, everyCut(in)...); got != want {
		t.Errorf("%q: byte by byte: got %+v, whole: %+v", input, got, want)
	}
	for cut := range in {
		if got := dechunk(in, cut); got != want {
			t.Errorf("%q: cut at %d: got %+v, whole: %+v", input, cut, got, want)
		}
	}
	return want
}

func TestChunked(t *testing.T) {
	tests := []struct {
		input    string
		data     string
		consumed int
		done     bool
	}{
		{"", "", 0, false},
		{"0\r\n\r\n", "", 3, true},
		{"000\r\nTrailer: a\r\n\r\n", "", 5, true},
		{"0000000000000000\r\n", "", 18, true},
		{"5\r\nhello\r\n0\r\n\r\n", "hello", 13, true},
		{"0000000000000005\r\nhello\r\n0\r\n\r\n", "hello", 28, true},
		{"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n", "01234567890123456789", 33, true},
		{"1a\r\nabcdefghijklmnopqrstuvwxyz\r\n2\r\n\r\n\r\n0\r\n\r\n", "abcdefghijklmnopqrstuvwxyz\r\n", 42, true},
		{"5\r\nhel", "hel", 6, false},
		{"5\r\nhello", "hello", 8, false},
		{"5\r\nhello\r", "hello", 9, false},
		{"7fffffffffffffff\r\nx", "x", 19, false},
		// Extensions.
		{"1;a\r\nx\r\n0;b\r\n", "x", 13, true},
		{"1;a=b;c=d\r\nx", "x", 12, false},
		{"1 \t;\t a \t=\t b \t;\t c\r\nx", "x", 22, false},
		{"1;a=\"\"\r\nx", "x", 9, false},
		{"1;a=\"b;c=d \t\x80\xff\";e\r\nx", "x", 20, false},
		{"1;a=\"\\\"\\\\\\\t\\a\";e=f\r\nx", "x", 21, false},
		{"1;a= \"b\" ;e\r\nx", "x", 14, false},
		{"1;a ;b\r\nx", "x", 9, false},
	}
	for _, tt := range tests {
		want := decoded{data: tt.data, consumed: tt.consumed, done: tt.done}
		if got := dechunkAll(t, tt.input); got != want {
			t.Errorf("%q:\n got %+v\nwant %+v", tt.input, got, want)
		}
	}
}

func TestRefuseChunked(t *testing.T) {
	tests := []struct {
		input  string
		reason Reason
		offset int
	}{
		{"\r\n", ReasonBadChunkSize, 0},
		{"\n", ReasonBareLF, 0},
		{"g\r\n", ReasonBadChunkSize, 0},
		{"-1\r\n", ReasonBadChunkSize, 0},
		{"+1\r\n", ReasonBadChunkSize, 0},
		{" 1\r\n", ReasonBadChunkSize, 0},
		{"0x1\r\n", ReasonBadChunkSize, 1},
		{"1_0\r\n", ReasonBadChunkSize, 1},
		{"1,\r\n", ReasonBadChunkSize, 1},
		{"1:\r\n", ReasonBadChunkSize, 1},
		{"1`\r\n", ReasonBadChunkSize, 1},
		{"1\x00\r\n", ReasonNUL, 1},
		{";a\r\n", ReasonBadChunkSize, 0},
		{"\xb5\r\n", ReasonBadChunkSize, 0},
		{"8000000000000000\r\n", ReasonChunkSizeOverflow, 15},
		{"ffffffffffffffff\r\n", ReasonChunkSizeOverflow, 15},
		{"00000000000000001\r\n", ReasonChunkSizeOverflow, 16},
		{"10000000000000000\r\n", ReasonChunkSizeOverflow, 16},
		{"1\n", ReasonBareLF, 1},
		{"1\rx", ReasonBareCR, 2},
		{"1\r\r\n", ReasonBareCR, 2},
		{"0\n", ReasonBareLF, 1},
		{"0\r0", ReasonBareCR, 2},
		{"1 \r\n", ReasonBadChunkExtension, 2},
		{"1 a\r\n", ReasonBadChunkExtension, 2},
		{"1;\r\n", ReasonBadChunkExtension, 2},
		{"1;;\r\n", ReasonBadChunkExtension, 2},
		{"1;=a\r\n", ReasonBadChunkExtension, 2},
		{"1;\"a\"\r\n", ReasonBadChunkExtension, 2},
		{"1;a \r\n", ReasonBadChunkExtension, 4},
		{"1;a b\r\n", ReasonBadChunkExtension, 4},
		{"1;a(\r\n", ReasonBadChunkExtension, 3},
		{"1;a\n", ReasonBareLF, 3},
		{"1;a\x00", ReasonNUL, 3},
		{"1;a=\r\n", ReasonBadChunkExtension, 4},
		{"1;a=;\r\n", ReasonBadChunkExtension, 4},
		{"1;a=b=c\r\n", ReasonBadChunkExtension, 5},
		{"1;a=b\"\r\n", ReasonBadChunkExtension, 5},
		{"1;a=\"b\r\n", ReasonBadChunkExtension, 6},
		{"1;a=\"b\n\"", ReasonBareLF, 6},
		{"1;a=\"\\\r\n", ReasonBadChunkExtension, 6},
		{"1;a=\"\\\n", ReasonBareLF, 6},
		{"1;a=\"\x7f\"", ReasonBadChunkExtension, 5},
		{"1;a=\"\"b\r\n", ReasonBadChunkExtension, 6},
		{"1;a=\"\" \r\n", ReasonBadChunkExtension, 7},
		{"1;a=b \r\n", ReasonBadChunkExtension, 6},
		{"1;a=b\n", ReasonBareLF, 5},
		{"1\r\nxy", ReasonMissingChunkEnd, 4},
		{"1\r\nx\n", ReasonMissingChunkEnd, 4},
		{"1\r\nx\rx", ReasonBareCR, 5},
		{"1\r\nx\r\r\n", ReasonBareCR, 5},
		{"1\r\nx\r\n\r\n", ReasonBadChunkSize, 6},
	}
	for _, tt := range tests {
		got := dechunkAll(t, tt.input)
		if got.reason != tt.reason || got.offset != tt.offset || got.reason.Status() != 400 {
			t.Errorf("%q:\n got %q at %d\nwant %q at %d", tt.input, got.reason, got.offset, tt.reason, tt.offset)
		}
	}
}

func TestChunkLineLimit(t *testing.T) {
	ext := ";" + strings.Repeat("a", maxChunkLine-2)
	if got := dechunk([]byte("1" + ext + "\r\nx")); got.reason != 0 || got.data != "x" {
		t.Errorf("a line of %d bytes: %+v", maxChunkLine, got)
	}
	long := []byte("1" + ext + "a\r\nx")
	want := decoded{reason: ReasonChunkLineTooLong, offset: maxChunkLine}
	if got := dechunk(long); got != want {
		t.Errorf("a line of %d bytes: %+v", maxChunkLine+1, got)
	}
	if got := dechunk(long, everyCut(long)...); got != want {
		t.Errorf("a line of %d bytes, byte by byte: %+v", maxChunkLine+1, got)
	}
}

// Framing that carries next to nothing is refused; framing of ordinary chunks,
// however small and however many, is not.
func TestChunkOverhead(t *testing.T) {
	for _, size := range []int{1, 2, 7, 100, 5000} {
		chunk := fmt.Sprintf("%x\r\n%s\r\n", size, strings.Repeat("x", size))
		body := strings.Repeat(chunk, 20000/size+5000) + "0\r\n"
		if got := dechunk([]byte(body)); !got.done {
			t.Errorf("chunks of %d: %q", size, got.reason)
		}
	}
	small := "1;" + strings.Repeat("a", 100) + "\r\nx\r\n" // 106 + 1 bytes, 18 of them allowed
	got := dechunk([]byte(strings.Repeat(small, 1000)))
	if got.reason != ReasonChunkOverhead {
		t.Fatalf("got %+v", got)
	}
	if excess := (got.offset / len(small)) * (106 - 18); excess < maxChunkExcess-2*106 || excess > maxChunkExcess+2*106 {
		t.Errorf("refused after an excess of %d bytes", excess)
	}
	large := "8000\r\n" + strings.Repeat("x", 0x8000) + "\r\n"
	mixed := strings.Repeat(strings.Repeat(small, 100)+large, 20) + "0\r\n"
	if got := dechunk([]byte(mixed)); !got.done {
		t.Errorf("large chunks do not pay for small ones: %q", got.reason)
	}
}

func TestChunkedReset(t *testing.T) {
	var d Chunked
	d.Next([]byte("x"))
	d.Reset()
	if skip, data, done, err := d.Next([]byte("3\r\nabc")); skip != 3 || data != 3 || done || err != nil {
		t.Errorf("after Reset: %d %d %v %v", skip, data, done, err)
	}
}
