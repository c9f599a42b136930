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
// alone. It turns no other byte of a token into a letter or '-'.

// slot is the only known name of its hash, and its length. An empty slot has
// length 0.
type slot struct {
	length uint8
	known  Known
}

// spelling is a known name in lower case, as words: its first eight bytes (zero
// after a shorter name), the next eight if there are more than sixteen, and
// its last eight if there are more than eight.
type spelling struct{ head, middle, tail uint64 }

var slots, spellings = makeSpellings()

func makeSpellings() (slots [32]slot, spellings [numKnown]spelling) {
	for k, name := range knownNames {
		s := &slots[slotOf(name[0], len(name))]
		if s.length != 0 {
			panic("parser: two known names with one hash")
		}
		*s = slot{uint8(len(name)), Known(k)}
		padded := make([]byte, max(len(name), 8))
		copy(padded, name)
		spellings[k] = spell(padded, 0, len(name))
	}
	return slots, spellings
}

func slotOf(first byte, length int) uint { return (uint(first|0x20) + 9*uint(length)) & 31 }

// spell returns the words of the name buf[from:to]. At least eight bytes must
// follow from.
func spell(buf []byte, from, to int) (s spelling) {
	s.head = load64(buf, from) | ones*0x20
	length := to - from
	if length < 8 {
		s.head &= 1<<(uint(length)*8) - 1
	}
	if length > 8 {
		s.tail = load64(buf, to-8) | ones*0x20
	}
	if length > 16 {
		s.middle = load64(buf, from+8) | ones*0x20
	}
	return s
}

// recognise returns the Known that the field name buf[from:to] is, or unknown.
func recognise(buf []byte, from, to int) Known {
	s := slots[slotOf(buf[from], to-from)]
	if int(s.length) != to-from {
		return unknown
	}
	if from+8 > len(buf) { // a short name, near the end of the buffer
		var padded [8]byte
		copy(padded[:], buf[from:])
		buf, from, to = padded[:], 0, to-from
	}
	if spellings[s.known] != spell(buf, from, to) {
		return unknown
	}
	return s.known
}
