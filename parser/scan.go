package parser

import (
	"encoding/binary"
	"math/bits"
)

// Scanning reads eight bytes at a time as one word ("SWAR") and looks at all
// of them with a few instructions. In the masks below the top bit of a byte of
// the result says something of the same byte of the word; the lowest one set
// is always right, those above it may be set in error by a borrow or a carry
// from below. So only the lowest is used, and the byte itself is looked at
// again before anything is decided.
const (
	ones = 0x0101010101010101
	tops = 0x8080808080808080
	lows = 0x7f7f7f7f7f7f7f7f
)

func load64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i : i+8]) }

// firstByte returns the index of the lowest byte marked in a mask.
func firstByte(mask uint64) int { return bits.TrailingZeros64(mask) >> 3 }

// controls marks the bytes of x that are below 0x20 or 0x7f: all that cannot
// stand in a field value, and HTAB, which can but is rare.
func controls(x uint64) uint64 {
	return ((x - ones*0x20) | (x + ones)) &^ x & tops
}

// notVisible marks the bytes of x that are not visible ASCII (0x21–0x7e).
func notVisible(x uint64) uint64 {
	return ((x - ones*0x21) | (x + ones) | x) & tops
}

// notNameByte marks the bytes of x that are neither letters nor '-': what ends
// nearly every field name, and the rarer bytes that can stand in one.
func notNameByte(x uint64) uint64 {
	low := (x | ones*0x20) & lows
	letter := (low + ones*(0x80-'a')) &^ (low + ones*(0x7f-'z'))
	notDash := ((x ^ ones*'-') & lows) + lows
	return (letter|^notDash)&^x&tops ^ tops
}

// scanValue returns the index of the first byte of b at or after i that cannot
// stand in a field value (RFC 9110 §5.5: field-vchar, SP and HTAB can), or
// len(b).
func scanValue(b []byte, i int) int {
	for {
		i = nextControl(b, i)
		if i >= len(b) || classes[b[i]]&classValue == 0 {
			return i
		}
		i++
	}
}

// nextControl returns the index of a byte of b at or after i that is a control
// character, or may be one, such that none comes before it; or len(b).
func nextControl(b []byte, i int) int {
	s := b[i:]
	for len(s) >= 16 {
		m := controls(binary.LittleEndian.Uint64(s))
		if m != 0 {
			return len(b) - len(s) + firstByte(m)
		}
		m = controls(binary.LittleEndian.Uint64(s[8:]))
		if m != 0 {
			return len(b) - len(s) + 8 + firstByte(m)
		}
		s = s[16:]
	}
	for len(s) > 0 && classes[s[0]]&classValue != 0 {
		s = s[1:]
	}
	return len(b) - len(s)
}

// scanVisible returns the index of the first byte of b at or after i that is
// not visible ASCII, or len(b).
func scanVisible(b []byte, i int) int {
	for i+8 <= len(b) {
		if m := notVisible(load64(b, i)); m != 0 {
			i += firstByte(m)
			break
		}
		i += 8
	}
	for i < len(b) && classes[b[i]]&classVisible != 0 {
		i++
	}
	return i
}

// scanToken returns the index of the first byte of b at or after i that is not
// a tchar (RFC 9110 §5.6.2), or len(b).
func scanToken(b []byte, i int) int {
	s := b[i:]
	for len(s) >= 8 {
		if m := notNameByte(binary.LittleEndian.Uint64(s)); m != 0 {
			s = s[firstByte(m):]
			break
		}
		s = s[8:]
	}
	for len(s) > 0 && classes[s[0]]&classToken != 0 {
		s = s[1:]
	}
	return len(b) - len(s)
}

// Classes of bytes.
const (
	classToken   = 1 << iota // tchar, RFC 9110 §5.6.2
	classValue               // field-vchar, SP, HTAB: RFC 9110 §5.5
	classVisible             // 0x21–0x7e
	classRegName             // of reg-name, without pct-encoded: RFC 3986 §3.2.2
	classHex                 // HEXDIG
	classQuoted              // qdtext: RFC 9110 §5.6.4
)

var classes = makeClasses()

func makeClasses() (t [256]uint8) {
	for c := range t {
		alnum := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if alnum {
			t[c] |= classToken | classRegName
		}
		if c == '\t' || c >= 0x20 && c != 0x7f {
			t[c] |= classValue
			if c != '"' && c != '\\' {
				t[c] |= classQuoted
			}
		}
		if c > 0x20 && c < 0x7f {
			t[c] |= classVisible
		}
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' {
			t[c] |= classHex
		}
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] |= classToken
	}
	for _, c := range "-._~!$&'()*+,;=" { // unreserved, sub-delims
		t[c] |= classRegName
	}
	return t
}

func isDigit(c byte) bool { return c-'0' < 10 }

// hexDigit returns the value of a HEXDIG.
func hexDigit(c byte) (v byte, ok bool) {
	switch {
	case c-'0' < 10:
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
