package parser

import "math"

// EqualFold reports whether b and s are equal without regard to ASCII case.
func EqualFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := 0; i < len(b); i++ {
		if b[i] != s[i] && lower(b[i]) != lower(s[i]) {
			return false
		}
	}
	return true
}

// lower returns c, or its lower-case form if it is an ASCII upper-case letter.
func lower(c byte) byte {
	if c-'A' < 26 {
		return c | 0x20
	}
	return c
}

// ContentLength reads the value of a Content-Length field: 1*DIGIT (RFC 9110
// §8.6) that fits an int64. ok is false for anything else: a sign, whitespace,
// a list.
func ContentLength(v []byte) (n int64, ok bool) {
	if len(v) == 0 {
		return 0, false
	}
	for _, c := range v {
		if !isDigit(c) {
			return 0, false
		}
		digit := int64(c - '0')
		// "a recipient MUST anticipate potentially large decimal numerals and
		// prevent parsing errors due to integer conversion overflows".
		if n > (math.MaxInt64-digit)/10 {
			return 0, false
		}
		n = n*10 + digit
	}
	return n, true
}

// ValidToken reports whether v is a token (RFC 9110 §5.6.2).
func ValidToken[T ~string | ~[]byte](v T) bool {
	for i := 0; i < len(v); i++ {
		if classes[v[i]]&classToken == 0 {
			return false
		}
	}
	return len(v) > 0
}

// ValidFieldName reports whether v can be a field name: a token.
func ValidFieldName[T ~string | ~[]byte](v T) bool { return ValidToken(v) }

// ValidFieldValue reports whether v can be sent as a field value: it has no
// control character but HTAB, and so no CR, LF or NUL. Whitespace around it is
// not looked at; a sender trims it.
func ValidFieldValue[T ~string | ~[]byte](v T) bool {
	for i := 0; i < len(v); i++ {
		if classes[v[i]]&classValue == 0 {
			return false
		}
	}
	return true
}
