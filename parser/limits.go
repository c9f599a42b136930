package parser

import "math"

// Limits bounds one head, or one trailer section. In every field zero means no
// limit of that kind; a negative number is the same as zero. Something always
// limits a section: its offsets are 32 bits wide, so that one of 2 GB or more
// is refused whatever the limits say.
type Limits struct {
	// RequestLine is the length of the request line in bytes, without CRLF.
	// Beyond it: 414, or 501 when the method alone is longer (RFC 9112 §3: "A
	// server that receives a method longer than any that it implements SHOULD
	// respond with a 501").
	RequestLine int
	// FieldLine is the length of one field line in bytes, without CRLF.
	// Beyond it: 431.
	FieldLine int
	// Head is the length of the whole head in bytes, with the empty line that
	// ends it and the empty lines that were skipped before it; or that of the
	// whole trailer section. Beyond it: 431 (414 or 501 while the request line
	// has not ended).
	Head int
	// Fields is the number of field lines. Beyond it: 431.
	Fields int
}

// orUnlimited reads a limit in which zero and negative numbers mean none.
func orUnlimited(limit int) int {
	if limit <= 0 || limit > math.MaxInt32 {
		return math.MaxInt32
	}
	return limit
}
