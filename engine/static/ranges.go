package static

import (
	"bytes"
	"math"
	"strings"
)

// selection is the part of a file that is sent.
type selection struct {
	offset, length int64 // in bytes
	partial        bool  // status 206
	guarded        bool  // by an If-Range that was true
	unsatisfiable  bool  // status 416
}

// describes tells whether the answer says what the content is: see describe.
func (s *selection) describes() bool { return !s.guarded || !s.partial }

// parseRange reads a Range field (RFC 9110 §14.2) for a file of size bytes.
//
// A single range is served. Everything else that could be asked for is answered
// with the whole file, as §14.2 allows: "A server MAY ignore the Range header
// field", and MUST for "a range unit it does not understand". So no request can
// multiply the work (§17.15).
func parseRange(value []byte, size int64) selection {
	whole := selection{length: size}
	unit, set, ok := bytes.Cut(value, []byte("="))
	if !ok || !strings.EqualFold(string(unit), "bytes") {
		return whole
	}
	spec := bytes.Trim(set, ", \t") // empty members of the list count for nothing
	first, last, ok := bytes.Cut(spec, []byte("-"))
	if !ok {
		return whole
	}
	if len(first) == 0 {
		return suffix(last, size)
	}
	from, ok := position(first)
	if !ok {
		return whole
	}
	to := int64(math.MaxInt64)
	if len(last) > 0 {
		// RFC 9110 §14.1.1: "An int-range is invalid if the last-pos value is
		// present and less than first-pos."
		if to, ok = position(last); !ok || to < from {
			return whole
		}
	}
	if from >= size {
		return selection{unsatisfiable: true}
	}
	return selection{offset: from, length: min(to, size-1) - from + 1, partial: true}
}

// suffix is the range of the last n bytes. RFC 9110 §14.1.2: "If the selected
// representation is shorter than the specified suffix-length, the entire
// representation is used." Of an empty file that is nothing, which no
// Content-Range can say: it is sent whole.
func suffix(digits []byte, size int64) selection {
	n, ok := position(digits)
	switch {
	case !ok || n > 0 && size == 0:
		return selection{length: size}
	case n == 0:
		return selection{unsatisfiable: true}
	}
	n = min(n, size)
	return selection{offset: size - n, length: n, partial: true}
}

// position reads decimal digits. RFC 9110 §14.1.1, §17.15: large ones must not
// overflow; here they are beyond the end of every file.
func position(digits []byte) (n int64, ok bool) {
	for _, c := range digits {
		d := int64(c - '0')
		switch {
		case c < '0' || c > '9':
			return 0, false
		case n > (math.MaxInt64-d)/10:
			n = math.MaxInt64
		default:
			n = n*10 + d
		}
	}
	return n, len(digits) > 0
}
