package conn

import (
	"github.com/pollard-go/pollard/parser"
)

// Header is a field section that is being written: the fields of an answer, or
// its trailer section. The zero Header is empty and ready.
//
// No call lets a CR, LF or NUL through, so a value can't add a field or end
// the section. The fields that frame the message or govern the connection are
// taken over: Content-Length is parsed and declared, "Connection: close" is
// noted, Transfer-Encoding and Keep-Alive are refused.
type Header struct {
	buf   []byte // whole field lines, in the order given
	lines []line
	kind  sectionKind

	// What sameAsBefore and memo know a section by: version counts the changes of
	// bytes in buf, so that a version and a number of lines tell what they are.
	// before is how many lines of this version there were at the last Reset, whose
	// bytes still lie in buf and whose places in lines. added says that some of the
	// section's lines may have the same name.
	version uint64
	before  int
	added   bool

	headerFacts
}

// headerFacts are what the connection has to know of the fields.
type headerFacts struct {
	length   int64 // the declared Content-Length
	declared bool
	closes   bool
	dated    bool
	upgrades bool // an Upgrade field is given: Connection has to name it
}

type sectionKind uint8

const (
	headSection sectionKind = iota
	trailerSection
)

// line is where a field line lies in buf, with its ": " and CRLF.
type line struct{ start, nameEnd, end int32 }

// Set gives the field a single value: lines of that name given before are
// dropped. The error is ErrFieldName, ErrFieldValue, ErrFieldManaged,
// ErrBadContentLength or ErrTrailerField; then nothing has changed.
func (h *Header) Set(name, value string) error {
	if !h.added && h.sameAsBefore(name, value) {
		return nil
	}
	return set(h, name, value)
}

// SetBytes is Set for a value in bytes, which are copied.
//
// Inlined into another package the compiler takes the value for one that is kept,
// and a caller's array of the stack for one of the heap.
//
//go:noinline
func (h *Header) SetBytes(name string, value []byte) error { return set(h, name, value) }

// Add adds a line and keeps the others of that name, but for Date, which has
// one value. Errors are as of Set.
func (h *Header) Add(name, value string) error {
	if h.sameAsBefore(name, value) {
		return nil
	}
	return add(h, name, value)
}

// Del drops all lines of that name.
func (h *Header) Del(name string) {
	switch managed(name) {
	case fieldContentLength:
		h.declared = false
	case fieldConnection:
		h.closes = false
	case fieldDate:
		h.dated = false
	case fieldUpgrade:
		h.upgrades = false
	}
	h.remove(name)
}

// Get returns the first value of that name: a view that is valid until the
// Header is changed. It does not see the fields that the connection sends by
// itself.
func (h *Header) Get(name string) (value []byte, ok bool) {
	for _, l := range h.lines {
		if parser.EqualFold(h.buf[l.start:l.nameEnd], name) {
			return h.buf[l.nameEnd+2 : l.end-2], true
		}
	}
	return nil, false
}

// Len returns the number of field lines.
func (h *Header) Len() int { return len(h.lines) }

// At returns field line i: views that are valid until the Header is changed.
func (h *Header) At(i int) (name, value []byte) {
	l := h.lines[i]
	return h.buf[l.start:l.nameEnd], h.buf[l.nameEnd+2 : l.end-2]
}

// DeclareLength is Set("Content-Length", n). Content that was written beyond it
// before is dropped.
func (h *Header) DeclareLength(n int64) error {
	if n < 0 {
		return ErrBadContentLength
	}
	if h.kind == trailerSection {
		return ErrTrailerField
	}
	h.length, h.declared = n, true
	return nil
}

// Reset empties the Header and keeps its memory unless it is large.
func (h *Header) Reset() {
	h.before = len(h.lines)
	if h.dated || h.upgrades {
		h.before = 0 // they are more than lines
	}
	if cap(h.buf) > keptBytes {
		h.release()
	}
	h.buf = h.buf[:0]
	h.lines = h.lines[:0]
	h.headerFacts = headerFacts{}
}

// release gives up the lines and their memory.
func (h *Header) release() {
	h.buf, h.lines = nil, nil
	h.changed()
}

// poison is for Config.Debug: views of the fields are void.
func (h *Header) poison() {
	poison(h.buf)
	h.buf, h.lines = h.buf[:0], h.lines[:0]
	h.changed()
}

// changed says that what lies in buf is not what it was.
func (h *Header) changed() {
	h.version++
	h.before = 0
}

func set[T ~string | ~[]byte](h *Header, name string, value T) error {
	done, err := check(h, name, value)
	if done || err != nil {
		return err
	}
	if len(h.lines) > 0 {
		h.remove(name)
	}
	push(h, name, value)
	return nil
}

func add[T ~string | ~[]byte](h *Header, name string, value T) error {
	done, err := check(h, name, value)
	if done || err != nil {
		return err
	}
	if h.dated && managed(name) == fieldDate {
		h.remove(name)
	}
	push(h, name, value)
	h.added = true
	return nil
}

// sameAsBefore takes a line that is the same as the one in this place before the
// last Reset, which still lies there: most handlers give each answer the same
// fields, and what was valid then is valid now.
func (h *Header) sameAsBefore(name, value string) bool {
	i := len(h.lines)
	if i >= h.before {
		return false
	}
	l := h.lines[:i+1][i]
	b := h.buf[:l.end]
	if string(b[l.start:l.nameEnd]) != name || string(b[l.nameEnd+2:len(b)-2]) != value {
		return false
	}
	h.lines = h.lines[:i+1]
	h.buf = h.buf[:l.end]
	return true
}

// check validates a field. done says that it was taken over: it is no line.
func check[T ~string | ~[]byte](h *Header, name string, value T) (done bool, err error) {
	if !parser.ValidFieldName(name) {
		return false, ErrFieldName
	}
	if !parser.ValidFieldValue(value) {
		return false, ErrFieldValue
	}
	if h.kind == trailerSection {
		if forbiddenTrailer(name) {
			return false, ErrTrailerField
		}
		return false, nil
	}
	switch managed(name) {
	case fieldContentLength:
		n, ok := parser.ContentLength([]byte(value))
		if !ok {
			return false, ErrBadContentLength
		}
		h.length, h.declared = n, true
		return true, nil
	case fieldConnection:
		return true, h.setConnection([]byte(value))
	case fieldTransfer:
		return false, ErrFieldManaged
	case fieldDate:
		h.dated = true
	case fieldUpgrade:
		h.upgrades = true
	}
	return false, nil
}

// setConnection takes the options that a handler may give.
func (h *Header) setConnection(list []byte) error {
	closes := false
	for {
		token, rest, ok := parser.NextToken(list)
		if !ok {
			break
		}
		switch {
		case parser.EqualFold(token, "close"):
			closes = true
		case parser.EqualFold(token, "keep-alive"): // the default
		case parser.EqualFold(token, "upgrade"): // sent with any Upgrade field
		default:
			return ErrFieldManaged
		}
		list = rest
	}
	h.closes = closes
	return nil
}

func push[T ~string | ~[]byte](h *Header, name string, value T) {
	h.changed()
	if len(h.lines) == 0 {
		h.added = false
	}
	start := len(h.buf)
	h.buf = append(h.buf, name...)
	nameEnd := len(h.buf)
	h.buf = append(h.buf, ':', ' ')
	h.buf = append(h.buf, value...)
	h.buf = append(h.buf, '\r', '\n')
	h.lines = append(h.lines, line{int32(start), int32(nameEnd), int32(len(h.buf))})
}

// remove drops the lines of that name and closes the gaps.
func (h *Header) remove(name string) {
	kept := h.lines[:0]
	end := int32(0)
	for _, l := range h.lines {
		if int(l.nameEnd-l.start) == len(name) && parser.EqualFold(h.buf[l.start:l.nameEnd], name) {
			continue
		}
		if shift := l.start - end; shift > 0 {
			copy(h.buf[end:], h.buf[l.start:l.end])
			l = line{l.start - shift, l.nameEnd - shift, l.end - shift}
		}
		kept = append(kept, l)
		end = l.end
	}
	if len(kept) < len(h.lines) {
		h.changed()
	}
	h.lines, h.buf = kept, h.buf[:end]
}

// managedField is a field that the connection sends or watches.
type managedField uint8

const (
	fieldOther managedField = iota
	fieldContentLength
	fieldConnection
	fieldTransfer // Transfer-Encoding and Keep-Alive: not the caller's
	fieldDate
	fieldUpgrade
)

func managed(name string) managedField {
	switch len(name) {
	case len("Date"):
		if equalFold(name, "date") {
			return fieldDate
		}
	case len("Upgrade"):
		if equalFold(name, "upgrade") {
			return fieldUpgrade
		}
	case len("Connection"): // and Keep-Alive
		if equalFold(name, "connection") {
			return fieldConnection
		}
		if equalFold(name, "keep-alive") {
			return fieldTransfer
		}
	case len("Content-Length"):
		if equalFold(name, "content-length") {
			return fieldContentLength
		}
	case len("Transfer-Encoding"):
		if equalFold(name, "transfer-encoding") {
			return fieldTransfer
		}
	}
	return fieldOther
}

// forbiddenTrailer: RFC 9110 §6.5.1: no field in a trailer section that is
// needed for framing, routing, request modifiers, authentication, or to
// process the content.
func forbiddenTrailer(name string) bool {
	for _, f := range [...]string{
		"connection", "content-encoding", "content-length", "content-range", "content-type",
		"date", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
		"authorization", "cache-control", "expect", "location", "max-forwards", "proxy-authenticate",
		"proxy-authorization", "range", "set-cookie", "vary", "www-authenticate", "age", "expires", "retry-after", "warning", "pragma",
	} {
		if equalFold(name, f) {
			return true
		}
	}
	return false
}

// equalFold compares a name with a lower-case one.
func equalFold(name, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i := 0; i < len(name); i++ {
		b := name[i]
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != lower[i] {
			return false
		}
	}
	return true
}
