package parser

// inlineFields is how many field lines a section holds without an allocation.
// Browsers send 10 to 25; 64 leaves room for a proxy's additions.
const inlineFields = 64

// Fields is a field section: the field lines of a head or of a trailer
// section, in the order in which they came. It is filled by Request.Parse and
// Trailer.Parse; its zero value is an empty section.
//
// Every []byte it gives is a view of the buffer last given to Parse or Rebind,
// valid for as long as those bytes stay where they are and no longer than the
// next Reset. Before the section is complete it has the lines read so far.
//
// The first 64 lines are held inline. For more of them a slice is grown, once,
// and kept by Reset: an allocation amortised over the life of the Fields.
type Fields struct {
	buf   []byte
	at    uint32 // where the section starts in buf: all that follows counts from there
	count int

	// What is known of the line being read, so that parsing resumes where it
	// stopped.
	pos   int // next byte to look at
	line  int // start of the line
	colon int // end of its name
	value int // start of its value
	phase uint8

	seen  uint32 // a bit for each Known that has come; the others' entries below are stale
	known [numKnown]struct{ first, count uint32 }

	inline [inlineFields]span
	more   []span
}

// span is where the name and the value of one field line are in the section.
type span struct{ name, nameEnd, value, valueEnd uint32 }

// Phases of a field line. A section starts in phaseLine.
const (
	phaseLine  = iota // at the first byte of a line
	phaseName         // in the name
	phaseOWS          // after the colon, before the value
	phaseValue        // in the value
	phaseLF           // at the LF of a field line
	phaseEndLF        // at the LF of the empty line
	phaseEnded
)

// Len returns the number of field lines.
func (f *Fields) Len() int { return f.count }

// At returns the i-th field line, 0 <= i < Len: its name as it was sent, and
// its value without the whitespace around it.
func (f *Fields) At(i int) (name, value []byte) {
	s := f.span(i)
	return f.view(s.name, s.nameEnd), f.view(s.value, s.valueEnd)
}

func (f *Fields) view(from, to uint32) []byte { return f.buf[f.at+from : f.at+to : f.at+to] }

func (f *Fields) span(i int) *span {
	if uint(i) >= uint(f.count) {
		panic("parser: no such field line")
	}
	if i < inlineFields {
		return &f.inline[i]
	}
	return &f.more[i-inlineFields]
}

// Get returns the value of the first field line of that name, compared without
// regard to ASCII case. ok tells an empty value from none.
func (f *Fields) Get(name string) (value []byte, ok bool) {
	i := f.Next(name, 0)
	if i < 0 {
		return nil, false
	}
	_, value = f.At(i)
	return value, true
}

// Next returns the index of the first field line of that name at or after
// from, or -1.
func (f *Fields) Next(name string, from int) int {
	for i := max(from, 0); i < f.count; i++ {
		s := f.span(i)
		if int(s.nameEnd-s.name) == len(name) && EqualFold(f.view(s.name, s.nameEnd), name) {
			return i
		}
	}
	return -1
}

// Count returns the number of field lines of a known name.
func (f *Fields) Count(k Known) int {
	if f.seen>>k&1 == 0 {
		return 0
	}
	return int(f.known[k].count)
}

// KnownSet is a set of known names.
type KnownSet uint32

// SetOf returns the set of the given names.
func SetOf(names ...Known) (s KnownSet) {
	for _, k := range names {
		s |= 1 << k
	}
	return s
}

// HasAny reports whether there is a field line of any of the names: one look
// instead of one for each.
func (f *Fields) HasAny(s KnownSet) bool { return f.seen&uint32(s) != 0 }

// First returns the value of the first field line of a known name, or nil.
// The value of a line that is there is never nil, even when it is empty.
func (f *Fields) First(k Known) []byte {
	if f.seen>>k&1 == 0 {
		return nil
	}
	s := f.span(int(f.known[k].first))
	return f.view(s.value, s.valueEnd)
}

// FirstIndex returns the index of the first field line of a known name, or -1.
func (f *Fields) FirstIndex(k Known) int {
	if f.seen>>k&1 == 0 {
		return -1
	}
	return int(f.known[k].first)
}

// NextKnown returns the index of the first field line of a known name at or
// after from, or -1.
func (f *Fields) NextKnown(k Known, from int) int {
	first := f.FirstIndex(k)
	if first < 0 || from <= first {
		return first
	}
	if f.Count(k) == 1 {
		return -1
	}
	return f.Next(knownNames[k], from)
}

// reset empties f and makes it ready for another section.
func (f *Fields) reset() {
	f.buf = nil
	f.restart()
}

// restart is reset for a section in the same buffer.
func (f *Fields) restart() {
	f.count = 0
	f.more = f.more[:0]
	f.seen = 0
	f.phase = phaseLine
	f.pos, f.line = 0, 0
}

// scan goes on with the section in buf, which is already cut to the limit of
// the whole section. It returns a reason when a line is broken; f.pos is then
// where, and otherwise how far it came.
func (f *Fields) scan(buf []byte, lineLimit, countLimit int) Reason {
	for f.phase != phaseEnded && f.pos < len(buf) {
		end := len(buf) // of what may belong to this line
		if f.phase != phaseLine && end-f.line > lineLimit {
			end = f.line + lineLimit
		}
		switch f.phase {
		case phaseLine:
			if f.scanWhole(buf, lineLimit, countLimit); f.pos == len(buf) || f.phase == phaseEnded {
				return 0
			}
			c := buf[f.pos]
			if c == '\r' {
				f.pos++
				f.phase = phaseEndLF
				continue
			}
			if why := f.refuseLine(c, countLimit); why != 0 {
				return why
			}
			f.line = f.pos
			f.phase = phaseName
		case phaseName:
			f.pos = scanToken(buf[:end], f.pos)
			if f.pos == len(buf) {
				return 0
			}
			if buf[f.pos] != ':' || f.pos == f.line || f.pos == end {
				return nameReason(buf[f.pos], f.pos == f.line, f.pos == end)
			}
			f.colon = f.pos
			f.pos++
			f.phase = phaseOWS
		case phaseOWS:
			for f.pos < end && isOWS(buf[f.pos]) {
				f.pos++
			}
			f.value = f.pos
			if f.pos == len(buf) {
				return 0
			}
			f.phase = phaseValue
		case phaseValue:
			f.pos = scanValue(buf[:end], f.pos)
			if f.pos == len(buf) {
				return 0
			}
			if buf[f.pos] != '\r' {
				return valueReason(buf[f.pos], f.pos == end)
			}
			f.pos++
			f.phase = phaseLF
		case phaseLF, phaseEndLF:
			if buf[f.pos] != '\n' {
				f.pos--
				return ReasonBareCR
			}
			if f.phase == phaseLF {
				f.add(buf)
				f.phase = phaseLine
			} else {
				f.phase = phaseEnded
			}
			f.pos++
		}
	}
	return 0
}

// refuseLine says why no field line can start with c here, if none can.
func (f *Fields) refuseLine(c byte, countLimit int) Reason {
	switch {
	case isOWS(c):
		if f.count == 0 {
			// RFC 9112 §2.2: "A recipient that receives whitespace between the
			// start-line and the first header field MUST either reject the
			// message as invalid or consume each whitespace-preceded line".
			return ReasonLeadingWhitespace
		}
		// RFC 9112 §5.2: "A server that receives an obs-fold in a request
		// message that is not within a "message/http" container MUST either
		// reject the message by sending a 400 [...] or replace each".
		return ReasonObsFold
	case f.count >= countLimit:
		return ReasonTooManyFields
	}
	return 0
}

// nameReason says why c cannot stand where it stands in a field name: first,
// or past the limit of the line.
func nameReason(c byte, first, past bool) Reason {
	switch {
	case past && c != '\r':
		return ReasonFieldLineTooLong
	case c == ':':
		return ReasonEmptyFieldName
	case isOWS(c):
		// RFC 9112 §5.1: "A server MUST reject, with a response status code of
		// 400 (Bad Request), any received request message that contains
		// whitespace between a header field name and colon."
		return ReasonSpaceBeforeColon
	case c == '\n':
		return ReasonBareLF
	case c == '\r' && !first:
		return ReasonMissingColon
	case c == 0:
		return ReasonNUL
	}
	return ReasonBadFieldName
}

// valueReason says why c cannot stand in a field value, or past the limit of
// its line.
func valueReason(c byte, past bool) Reason {
	switch {
	case past:
		return ReasonFieldLineTooLong
	case c == '\n':
		return ReasonBareLF
	case c == 0:
		return ReasonNUL
	}
	return ReasonBadFieldValue
}

// add records the field line whose LF is at f.pos.
func (f *Fields) add(buf []byte) {
	end := f.pos - 1
	for end > f.value && isOWS(buf[end-1]) {
		end--
	}
	s := span{uint32(f.line), uint32(f.colon), uint32(f.value), uint32(end)}
	if f.count < inlineFields {
		f.inline[f.count] = s
	} else {
		f.more = append(f.more, s)
	}
	if k := recognise(buf, f.line, f.colon); k < numKnown {
		f.note(k)
	}
	f.count++
}

// note counts the line being recorded as one of a known name.
func (f *Fields) note(k Known) {
	if f.seen>>k&1 == 0 {
		f.seen |= 1 << k
		f.known[k].first, f.known[k].count = uint32(f.count), 0
	}
	f.known[k].count++
}
