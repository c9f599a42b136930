package parser

// Request is a request head: the request line and the header section. It is
// meant to be reused through Reset; its zero value is ready for use. It is
// about 1.4 KB large, with what it remembers 1 KB more, and refers to the buffer it parses, so that an idle
// connection should hold neither.
//
// A Request that is in use is not to be copied.
//
// Every []byte it gives is a view of the buffer last given to Parse or Rebind,
// valid for as long as those bytes stay where they are and no longer than the
// next Reset. Before the head is complete, or after an error, a Request tells
// what has been read and accepted so far, and is empty in the rest: so that
// the answer to a head with a broken field can still know its method.
type Request struct {
	Fields
	pos    int // next byte of the request line to look at; Fields counts its own from behind it
	line   int // start of the request line
	target target
	method uint32 // where the request line, and so the method, starts
	sp     uint32 // the SP after the method
	verb   Verb
	minor  uint8
	empty  uint8 // empty lines skipped
	stage  uint8
	before before
	err    Error
}

// maxEmptyLines is how many empty lines are skipped before a request line.
// RFC 9112 §2.2: "a server [...] SHOULD ignore at least one empty line (CRLF)
// received prior to the request-line". Old clients send one after a POST; more
// than a few is not a client.
const maxEmptyLines = 4

// Stages of a head.
const (
	stageStart   = iota // before the request line: maybe empty lines
	stageEmptyLF        // at the LF of an empty line
	stageMethod
	stageTarget
	stageVersion
	stageLF     // at the LF of the request line
	stageFields // Fields has the rest
)

// Reset makes r ready for the next head. All views of it end.
func (r *Request) Reset() {
	r.pos, r.line = 0, 0
	if !r.before.putAside(&r.Fields) {
		r.Fields.reset()
	}
	r.target = target{}
	r.method, r.sp = 0, 0
	r.verb, r.minor, r.empty = VerbOther, 0, 0
	r.stage = stageStart
	r.err = Error{}
}

// Parse goes on with a head. buf holds all bytes received since the start of
// the head: those of the last call, though perhaps in another place, and what
// has come since. Parsing resumes where it stopped, so that a head costs the
// same in one piece or byte by byte.
//
// It returns n > 0 when the head is complete: it is buf[:n]. It returns 0 and
// no error when more bytes are needed. An error is returned as soon as the
// bytes at hand cannot become an acceptable head, and again by every later
// call until Reset. What is returned depends on the bytes alone, never on how
// they were split.
func (r *Request) Parse(buf []byte, lim *Limits) (n int, err *Error) {
	if r.err.Reason != 0 {
		return 0, &r.err
	}
	r.buf = buf
	whole := orUnlimited(lim.Head)
	b := buf[:min(len(buf), whole)]
	if r.stage != stageFields {
		if why := r.scanLine(b, orUnlimited(lim.RequestLine)); why != 0 {
			return 0, r.err.set(why, r.pos)
		}
	}
	if r.stage == stageFields {
		f := &r.Fields
		f.at = uint32(r.pos)
		section := b[min(r.pos, len(b)):]
		if r.before.aside && r.before.takeUp(f, section) {
			return r.pos + f.pos, nil
		}
		if why := f.scan(section, orUnlimited(lim.FieldLine), orUnlimited(lim.Fields)); why != 0 {
			return 0, r.err.set(why, r.pos+f.pos)
		}
		if f.phase == phaseEnded {
			return r.pos + f.pos, nil
		}
	}
	if len(buf) > whole {
		return 0, r.err.set(r.tooLarge(), whole)
	}
	return 0, nil
}

// tooLarge is the reason to refuse a head that has reached its limit.
func (r *Request) tooLarge() Reason {
	switch r.stage {
	case stageMethod:
		return ReasonMethodTooLong
	case stageTarget, stageVersion, stageLF:
		return ReasonTargetTooLong
	}
	return ReasonSectionTooLarge
}

// scanLine goes on with the request line in buf.
//
// RFC 9112 §3: request-line = method SP request-target SP HTTP-version. §2.2
// and §3 let a recipient be lenient about whitespace there, and warn that
// "lenient parsing can result in request smuggling"; so this one is not.
func (r *Request) scanLine(buf []byte, limit int) Reason {
	if r.stage == stageStart {
		r.scanWholeLine(buf, limit)
	}
	for r.stage != stageFields && r.pos < len(buf) {
		end := len(buf) // of what may belong to the request line
		if r.stage >= stageMethod && end-r.line > limit {
			end = r.line + limit
		}
		why := Reason(0)
		switch r.stage {
		case stageStart:
			why = r.scanStart(buf[r.pos])
		case stageEmptyLF:
			if buf[r.pos] != '\n' {
				r.pos--
				return ReasonBareCR
			}
			r.pos++
			r.empty++
			r.stage = stageStart
		case stageMethod:
			why = r.scanMethod(buf, end)
		case stageTarget:
			why = r.scanTarget(buf, end)
		case stageVersion:
			why = r.scanVersion(buf, end)
		case stageLF:
			if buf[r.pos] != '\n' {
				r.pos--
				return ReasonBareCR
			}
			r.pos++
			r.stage = stageFields
		}
		if why != 0 {
			return why
		}
	}
	return 0
}

// scanStart looks at the first byte of what may be the request line.
func (r *Request) scanStart(c byte) Reason {
	switch c {
	case '\r':
		if r.empty == maxEmptyLines {
			return ReasonTooManyEmptyLines
		}
		r.pos++
		r.stage = stageEmptyLF
		return 0
	case '\n':
		return ReasonBareLF
	}
	r.line = r.pos
	r.stage = stageMethod
	return 0
}

func (r *Request) scanMethod(buf []byte, end int) Reason {
	r.pos = scanToken(buf[:end], r.pos)
	if r.pos == len(buf) {
		return 0
	}
	if r.pos == end {
		return ReasonMethodTooLong
	}
	if buf[r.pos] != ' ' || r.pos == r.line {
		return ReasonBadMethod
	}
	r.method, r.sp = uint32(r.line), uint32(r.pos)
	r.verb = verbOf(buf[r.line:r.pos])
	r.pos++
	r.stage = stageTarget
	return 0
}

func (r *Request) scanTarget(buf []byte, end int) Reason {
	r.pos = scanVisible(buf[:end], r.pos)
	if r.pos == len(buf) {
		return 0
	}
	switch c := buf[r.pos]; {
	case r.pos == end && c != '\r':
		return ReasonTargetTooLong
	case c == '\r':
		return ReasonMissingVersion // HTTP/0.9, which nobody speaks
	case c == '\n':
		return ReasonBareLF
	case c == 0:
		return ReasonNUL
	case c != ' ':
		return ReasonBadTargetByte
	}
	t := target{start: r.sp + 1, end: uint32(r.pos)}
	if why, at := t.refuse(buf, r.Method(), r.verb); why != 0 {
		r.pos = at
		return why
	}
	r.target = t
	r.pos++
	r.stage = stageVersion
	return 0
}

// scanVersion reads the version and the CR after it. RFC 9112 §2.3:
// HTTP-version = HTTP-name "/" DIGIT "." DIGIT, and is case-sensitive.
func (r *Request) scanVersion(buf []byte, end int) Reason {
	const form = "HTTP/1.1"
	start := int(r.target.end) + 1
	for r.pos < start+len(form) {
		if r.pos == len(buf) {
			return 0
		}
		if r.pos == end && buf[r.pos] != '\r' {
			return ReasonTargetTooLong
		}
		i := r.pos - start
		if c := buf[r.pos]; c != form[i] && !(isDigit(form[i]) && isDigit(c)) {
			if c == '\n' {
				return ReasonBareLF
			}
			return ReasonBadVersion
		}
		r.pos++
	}
	if why := r.judgeVersion(buf[start+5], buf[start+7]); why != 0 {
		r.pos = start
		return why
	}
	if r.pos == len(buf) {
		return 0
	}
	switch c := buf[r.pos]; {
	case c == '\r':
		r.pos++
		r.stage = stageLF
		return 0
	case r.pos == end:
		return ReasonTargetTooLong
	case c == '\n':
		return ReasonBareLF
	}
	return ReasonBadVersion
}

// judgeVersion looks at a well-formed version. RFC 9110 §15.6.6: 505 "indicates
// that the server does not support, or refuses to support, the major version
// of HTTP that was used". There will be no HTTP/1.2; what claims to be one is
// refused too.
func (r *Request) judgeVersion(major, minor byte) Reason {
	switch {
	case r.target.http2 && major == '2' && minor == '0':
		return ReasonHTTP2Preface
	case major != '1' || minor > '1':
		return ReasonUnsupportedVersion
	case r.target.http2:
		return ReasonAsteriskForm
	}
	r.minor = minor - '0'
	return 0
}

// Started reports whether any byte of the head has come, beyond skipped empty
// lines.
func (r *Request) Started() bool { return r.stage >= stageMethod }

// Rebind says that the owner of the buffer has moved the head to buf, which
// holds the same bytes: views are of buf from now on.
func (r *Request) Rebind(buf []byte) { r.buf = buf }

// part returns a view of a part of the request line.
func (r *Request) part(from, to uint32) []byte { return r.buf[from:to:to] }

// Method returns the method as it was sent.
func (r *Request) Method() []byte { return r.part(r.method, r.sp) }

// Verb returns the method as a small number.
func (r *Request) Verb() Verb { return r.verb }

// IsHead reports whether the method is HEAD.
func (r *Request) IsHead() bool { return r.verb == VerbHead }

// Target returns the request target as it was sent.
func (r *Request) Target() []byte { return r.part(r.target.start, r.target.end) }

// Form returns the form of the request target.
func (r *Request) Form() TargetForm { return r.target.form }

// Scheme returns the scheme of an absolute-form target as it was sent ("http"
// or "https" in any case), and nil for the other forms.
func (r *Request) Scheme() []byte {
	if r.target.form != AbsoluteForm {
		return nil
	}
	return r.part(r.target.start, r.target.start+uint32(r.target.schemeEnd))
}

// Authority returns the host and port of an absolute-form or authority-form
// target, and nil for the other forms.
func (r *Request) Authority() []byte {
	if r.target.form != AbsoluteForm && r.target.form != AuthorityForm {
		return nil
	}
	return r.part(r.target.authority, r.target.path)
}

var (
	slash    = []byte{'/'}
	asterisk = []byte{'*'}
)

// Path returns the path of an origin-form or absolute-form target as it was
// sent, percent-encoding and all ("/" for an empty path); "*" for
// asterisk-form, and for OPTIONS of an absolute-form without path and query;
// and nil for authority-form. It must not be written to.
func (r *Request) Path() []byte {
	t := &r.target
	if t.path == t.query && t.form == AbsoluteForm {
		// RFC 9112 §3.2.4: of "an OPTIONS request with an absolute-form of
		// request-target in which the URI has an empty path and no query
		// component", the last proxy makes "*": it is for the whole server.
		if r.verb == VerbOptions && t.path == t.end {
			return asterisk
		}
		return slash
	}
	if t.form == AuthorityForm {
		return nil
	}
	return r.part(t.path, t.query)
}

// Query returns what follows the first '?' of an origin-form or absolute-form
// target; it is empty when nothing does.
func (r *Request) Query() []byte {
	if !r.HasQuery() {
		return nil
	}
	return r.part(r.target.query+1, r.target.end)
}

// HasQuery reports whether the target has a '?', even if nothing follows it.
func (r *Request) HasQuery() bool { return r.target.query < r.target.end }

// Minor returns x of the version HTTP/1.x: 0 or 1.
func (r *Request) Minor() int { return int(r.minor) }
