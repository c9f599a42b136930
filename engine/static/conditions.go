package static

import (
	"bytes"
	"strings"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// conditions are the fields of a request that make it conditional or partial
// (RFC 9110 §13.1, §14.2). Values are views of the request.
type conditions struct {
	match   []byte // If-Match
	none    []byte // If-None-Match
	since   single // If-Modified-Since
	until   single // If-Unmodified-Since
	ifRange single
	ranges  single // Range

	hasMatch, hasNone bool
}

// single is a field that has one value. Sent more than once it is invalid.
type single struct {
	value []byte
	lines int
}

func (s *single) add(value []byte) { s.value, s.lines = value, s.lines+1 }

// one returns the value if there is just one.
func (s *single) one() (value []byte, ok bool) { return s.value, s.lines == 1 }

// readConditions finds the fields in one go: most requests have none of them.
func readConditions(r *engine.Request) (c conditions) {
	for name, value := range r.Fields() {
		switch len(name) {
		case len("Range"):
			if is(name, "Range") {
				c.ranges.add(value)
			}
		case len("If-Match"): // and of If-Range
			if is(name, "If-Match") {
				c.match, c.hasMatch = joined(c.match, value), true
			} else if is(name, "If-Range") {
				c.ifRange.add(value)
			}
		case len("If-None-Match"):
			if is(name, "If-None-Match") {
				c.none, c.hasNone = joined(c.none, value), true
			}
		case len("If-Modified-Since"):
			if is(name, "If-Modified-Since") {
				c.since.add(value)
			}
		case len("If-Unmodified-Since"):
			if is(name, "If-Unmodified-Since") {
				c.until.add(value)
			}
		}
	}
	return c
}

func is(name []byte, want string) bool { return strings.EqualFold(string(name), want) }

// joined makes one list of several lines: RFC 9110 §5.3.
func joined(list, value []byte) []byte {
	if len(list) == 0 {
		return value
	}
	return bytes.Join([][]byte{list, value}, []byte(", "))
}

// verdict is what the preconditions come to.
type verdict uint8

const (
	perform verdict = iota
	notModified
	preconditionFailed
)

// evaluate follows the order of RFC 9110 §13.2.2, for GET and HEAD of something
// that exists.
func (c *conditions) evaluate(v *validators, now time.Time) verdict {
	switch {
	case c.hasMatch:
		// 1. "When recipient is the origin server and If-Match is present,
		// evaluate the If-Match precondition"
		if !matches(c.match, v.tag, strongly) {
			return preconditionFailed
		}
	case c.until.lines > 0:
		// 2. "[...] If-Match is not present, and If-Unmodified-Since is present"
		if date, ok := c.until.date(v, now); ok && v.modified.After(date) {
			return preconditionFailed
		}
	}
	switch {
	case c.hasNone:
		// 3. "When If-None-Match is present, evaluate the If-None-Match
		// precondition: [...] if false for GET/HEAD, respond 304"
		if matches(c.none, v.tag, weakly) {
			return notModified
		}
	case c.since.lines > 0:
		// 4. "When the method is GET or HEAD, If-None-Match is not present, and
		// If-Modified-Since is present"
		if date, ok := c.since.date(v, now); ok && !v.modified.After(date) {
			return notModified
		}
	}
	return perform
}

// date returns the date to compare with. RFC 9110 §13.1.3, §13.1.4: the field
// is ignored if it has no valid date, or more than one, or the resource has no
// date of modification.
func (s *single) date(v *validators, now time.Time) (t time.Time, ok bool) {
	value, ok := s.one()
	if !ok || v.modified.IsZero() {
		return t, false
	}
	return parseDate(value, now)
}

// matches tells whether a list names the current representation: "*" does in
// any case, as there is one. Where the list is broken it ends.
func matches(list, tag []byte, c comparison) bool {
	if string(bytes.Trim(list, " \t")) == "*" {
		return true
	}
	for tag != nil {
		t, rest, ok := nextTag(list)
		if !ok {
			return false
		}
		if c.same(t, tag) {
			return true
		}
		list = rest
	}
	return false
}

// selection gives the part of the content that is to be sent.
//
// 5. of RFC 9110 §13.2.2: "When the method is GET and both Range and If-Range
// are present, evaluate the If-Range precondition: if true and the Range is
// applicable to the selected representation, respond 206 [...] otherwise, ignore
// the Range header field and respond 200".
func (c *conditions) selection(v *validators, now time.Time, size int64) selection {
	whole := selection{length: size}
	value, ok := c.ranges.one()
	if !ok {
		return whole
	}
	if c.ifRange.lines > 0 && !c.unchanged(v, now) {
		return whole
	}
	s := parseRange(value, size)
	s.guarded = c.ifRange.lines > 0
	return s
}

// unchanged evaluates If-Range: by an entity tag, compared strongly, or by the
// exact date, if a change within its second would have been seen (RFC 9110
// §13.1.5, §8.8.2.2).
func (c *conditions) unchanged(v *validators, now time.Time) bool {
	value, ok := c.ifRange.one()
	if !ok {
		return false
	}
	if tag, rest, ok := nextTag(value); ok {
		return len(rest) == 0 && v.tag != nil && strongly.same(tag, v.tag)
	}
	date, ok := parseDate(value, now)
	return ok && date.Equal(v.modified) && now.Sub(v.modified) >= time.Second
}
