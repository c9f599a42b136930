package parser

// Trailer is a trailer section (RFC 9112 §7.1.2): the field lines after the
// last chunk, and the empty line that ends them. Its zero value is ready for
// use.
type Trailer struct {
	Fields
	err Error
}

// Reset makes t ready for the next trailer section. All views of it end.
func (t *Trailer) Reset() {
	t.Fields.reset()
	t.err = Error{}
}

// Parse goes on with a trailer section. It is called as Request.Parse is: buf
// holds everything received since the end of the last-chunk line. n counts
// through the final empty line, so that it is 2 for a section without fields.
// Limits.Head bounds the section, Limits.RequestLine nothing.
func (t *Trailer) Parse(buf []byte, lim *Limits) (n int, err *Error) {
	if t.err.Reason != 0 {
		return 0, &t.err
	}
	t.buf = buf
	whole := orUnlimited(lim.Head)
	if why := t.scan(buf[:min(len(buf), whole)], orUnlimited(lim.FieldLine), orUnlimited(lim.Fields)); why != 0 {
		return 0, t.err.set(why, t.pos)
	}
	if t.phase == phaseEnded {
		return t.pos, nil
	}
	if len(buf) > whole {
		return 0, t.err.set(ReasonSectionTooLarge, whole)
	}
	return 0, nil
}

// Rebind says that the owner of the buffer has moved the section to buf, which
// holds the same bytes: views are of buf from now on.
func (t *Trailer) Rebind(buf []byte) { t.buf = buf }
