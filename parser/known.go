package parser

// Known is a field name that an HTTP/1.1 origin server asks for on every
// request. Such names are recognised while a section is parsed, so that asking
// costs no search.
type Known uint8

// The known names.
const (
	KnownHost Known = iota
	KnownContentLength
	KnownTransferEncoding
	KnownConnection
	KnownKeepAlive
	KnownExpect
	KnownUpgrade
	KnownTE
	KnownTrailer
	KnownContentType
	KnownRange
	KnownIfRange
	KnownIfNoneMatch
	KnownIfModifiedSince
	KnownAcceptEncoding

	numKnown
	unknown = numKnown
)

var knownNames = [numKnown]string{
	KnownHost:             "Host",
	KnownContentLength:    "Content-Length",
	KnownTransferEncoding: "Transfer-Encoding",
	KnownConnection:       "Connection",
	KnownKeepAlive:        "Keep-Alive",
	KnownExpect:           "Expect",
	KnownUpgrade:          "Upgrade",
	KnownTE:               "TE",
	KnownTrailer:          "Trailer",
	KnownContentType:      "Content-Type",
	KnownRange:            "Range",
	KnownIfRange:          "If-Range",
	KnownIfNoneMatch:      "If-None-Match",
	KnownIfModifiedSince:  "If-Modified-Since",
	KnownAcceptEncoding:   "Accept-Encoding",
}

// String returns the field name as it is usually written.
func (k Known) String() string {
	if k >= numKnown {
		return "unknown"
	}
	return knownNames[k]
}

// A name is recognised by a hash of its length and its first letter, which
// tells all known names apart, and a comparison with the one it can be. Setting
// bit 0x20 of every byte turns letters to lower case and leaves '-' and digits
// alone; what else it changes is no part of a known name before or after, CR
// aside, and that is no part of a field name.

// spelling is a known name in lower case, as words: its first eight bytes (zero
// after a shorter name), the next eight if there are more than sixteen, and
// its last eight if there are more than eight.
type spelling struct {
	head, middle, tail uint64
	length             int
	known              Known
}

var spellings = makeSpellings()

func makeSpellings() (table [32]spelling) {
	for k, name := range knownNames {
		padded := make([]byte, 24)
		copy(padded, name)
		s := spell(padded, 0, len(name))
		s.known = Known(k)
		slot := &table[spellingHash(name[0], len(name))]
		if slot.length != 0 {
			panic("parser: two known names with one hash")
		}
		*slot = s
	}
	return table
}

func spellingHash(first byte, length int) int {
	return (int(first|0x20) + 9*length) & 31
}

// spell returns the words of the name buf[from:to]. buf must hold eight bytes.
func spell(buf []byte, from, to int) (s spelling) {
	s.length = to - from
	s.head = loadTail(buf, from) | ones*0x20
	switch {
	case s.length < 8:
		s.head &= 1<<(uint(s.length)*8) - 1
	case s.length > 16:
		s.middle = load64(buf, from+8) | ones*0x20
		fallthrough
	case s.length > 8:
		s.tail = load64(buf, to-8) | ones*0x20
	}
	return s
}

// recognise returns the Known that the field name buf[from:to] is, or unknown.
func recognise(buf []byte, from, to int) Known {
	s := &spellings[spellingHash(buf[from], to-from)]
	if s.length != to-from {
		return unknown
	}
	if len(buf) < 8 { // a trailer section, cut short
		var padded [8]byte
		copy(padded[:], buf)
		buf = padded[:]
	}
	is := spell(buf, from, to)
	if s.head != is.head || s.middle != is.middle || s.tail != is.tail {
		return unknown
	}
	return s.known
}
