package static

import (
	"bytes"
	"strconv"
	"time"
)

// validators tell one state of a file from another: RFC 9110 §8.8.
type validators struct {
	tag      []byte    // ETag, with its quotes; nil if there is none
	modified time.Time // Last-Modified, in whole seconds; zero if there is none
	spare    []byte    // room for another field's value, of length 0
}

// Bytes of an entity tag, and of the longest field value that is made of it.
const (
	tagBytes   = 48
	valueBytes = 80
)

const (
	// stampTick is above the kernel's clock tick, by which it stamps files: a
	// second change within it may leave no trace.
	stampTick = 20 * time.Millisecond
	// coarseTick is for file systems that store no fractions: of a second, two
	// on FAT.
	coarseTick = 2 * time.Second
)

// validatorsOf makes the validators of a file from its size and its time of
// modification. Every change of the content changes that time, unless somebody
// sets it back, or it comes within the same tick.
// date is what the answer's Date field will say at the least. The validators lie
// in space, of tagBytes and valueBytes.
func validatorsOf(space []byte, size int64, at, now, date time.Time) (v validators) {
	v.spare = space[tagBytes:tagBytes]
	tag := space[:0:tagBytes]
	// RFC 9110 §8.8.3: "If an origin server provides an entity tag for a
	// representation and the generation of that entity tag does not satisfy all
	// of the characteristics of a strong validator (Section 8.8.1), then the
	// origin server MUST mark the entity tag as weak".
	if !settled(at, now) {
		tag = append(tag, "W/"...)
	}
	tag = append(tag, '"')
	tag = strconv.AppendInt(tag, size, 16)
	tag = append(tag, '-')
	tag = strconv.AppendInt(tag, at.Unix(), 16)
	tag = append(tag, '-')
	tag = strconv.AppendInt(tag, int64(at.Nanosecond()), 16)
	v.tag = append(tag, '"')
	// RFC 9110 §8.8.2.1: "An origin server with a clock [...] MUST NOT generate a
	// Last-Modified date that is later than the server's time of message
	// origination (Date)."
	if at.After(date) {
		at = date
	}
	v.modified = at.Truncate(time.Second)
	return v
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// settled tells that a change from now on will show in the time of modification.
func settled(at, now time.Time) bool {
	tick := stampTick
	if at.Nanosecond() == 0 {
		tick = coarseTick
	}
	return now.Sub(at) > tick
}

// nextTag returns the first entity tag of a list (RFC 9110 §8.8.3, §5.6.1) and
// the rest of the list. ok is false at the end, and at what is no entity tag.
//
//	entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE
//	etagc      = %x21 / %x23-7E / obs-text
//
// A backslash in it stands for itself.
func nextTag(list []byte) (tag, rest []byte, ok bool) {
	list = bytes.TrimLeft(list, ", \t")
	at := 0
	if bytes.HasPrefix(list, []byte("W/")) { // case-sensitive
		at = 2
	}
	if at >= len(list) || list[at] != '"' {
		return nil, nil, false
	}
	for i := at + 1; i < len(list); i++ {
		switch c := list[i]; {
		case c == '"':
			tag, rest = list[:i+1], bytes.TrimLeft(list[i+1:], " \t")
			return tag, rest, len(rest) == 0 || rest[0] == ','
		case c <= ' ' || c == 0x7f:
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// comparison is one of the two ways to compare tags of RFC 9110 §8.8.3.2.
type comparison uint8

const (
	weakly comparison = iota
	strongly
)

func (c comparison) same(a, b []byte) bool {
	if c == strongly {
		return a[0] == '"' && bytes.Equal(a, b)
	}
	return bytes.Equal(bytes.TrimPrefix(a, []byte("W/")), bytes.TrimPrefix(b, []byte("W/")))
}
