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
	for i+16 <= len(b) {
		w := (*[16]byte)(b[i : i+16])
		m := controls(binary.LittleEndian.Uint64(w[:8]))
		if m == 0 {
			i += 8
			m = controls(binary.LittleEndian.Uint64(w[8:]))
			if m == 0 {
				i += 8
				continue
			}
		}
		i += firstByte(m)
		if classes[b[i]]&classValue == 0 {
			return i
		}
		i++ // a HTAB, or none after all
	}
	for i < len(b) && classes[b[i]]&classValue != 0 {
		i++
	}
	return i
}

// scanVisible returns the index of the first byte of b at or after i that is
// not visible ASCII, or len(b).
func scanVisible(b []byte, i int) int {
	for i+8 <= len(b) {
		if m := notVisible(load64(b, i)); m != 0 {
			return i + firstByte(m) // no visible byte below it can have marked it
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
	for i+8 <= len(b) {
		m := notNameByte(load64(b, i))
		if m == 0 {
			i += 8
			continue
		}
		i += firstByte(m)
		if classes[b[i]]&classToken == 0 {
			return i
		}
		i++ // a digit, or one of the rarer tchars
	}
	for i < len(b) && classes[b[i]]&classToken != 0 {
		i++
	}
	return i
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
