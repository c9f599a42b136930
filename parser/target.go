package parser

import "bytes"

// TargetForm is one of the four forms of a request target (RFC 9112 §3.2).
type TargetForm uint8

// The forms.
const (
	OriginForm    TargetForm = iota // "/path?query"
	AbsoluteForm                    // "http://host/path?query"
	AuthorityForm                   // "host:port", of CONNECT
	AsteriskForm                    // "*", of OPTIONS
)

// String returns the name of the form in RFC 9112.
func (t TargetForm) String() string {
	switch t {
	case OriginForm:
		return "origin-form"
	case AbsoluteForm:
		return "absolute-form"
	case AuthorityForm:
		return "authority-form"
	case AsteriskForm:
		return "asterisk-form"
	}
	return "unknown form"
}

// target is where the parts of a request target are in the buffer.
type target struct {
	start, end uint32
	authority  uint32 // where the authority starts, or would
	path       uint32 // its end, and the start of the path
	query      uint32 // the '?', or end
	form       TargetForm
	http2      bool  // "PRI *": the version will tell
	schemeEnd  uint8 // of an absolute-form: its length
}

// refuse takes the target buf[t.start:t.end], of which the rest of t is zero, apart. It returns a reason if the
// target is not in a form that verb can have, and where.
func (t *target) refuse(buf []byte, method []byte, verb Verb) (why Reason, at int) {
	start := int(t.start)
	raw := buf[start:t.end]
	t.authority, t.path, t.query = t.start, t.start, t.end
	if len(raw) == 0 {
		return ReasonEmptyTarget, start
	}
	// RFC 9112 §3.2 leaves no room for a fragment in any form of target.
	if i := bytes.IndexByte(raw, '#'); i >= 0 {
		return ReasonFragment, start + i
	}
	if verb == VerbConnect {
		// RFC 9112 §3.2.3: "The "authority-form" of request-target is only
		// used for CONNECT requests". RFC 9110 §9.3.6: "A server MUST reject a
		// CONNECT request that targets an empty or invalid port number".
		t.form = AuthorityForm
		t.path, t.query = t.end, t.end
		if !validAuthority(raw, true) {
			return ReasonConnectTarget, start
		}
		return 0, 0
	}
	switch {
	case raw[0] == '/':
		t.form = OriginForm
	case len(raw) == 1 && raw[0] == '*':
		// RFC 9112 §3.2.4: "The "asterisk-form" of request-target is only used
		// for a server-wide OPTIONS request". The HTTP/2 preface looks like one
		// too, until its version.
		t.form = AsteriskForm
		t.http2 = string(method) == "PRI"
		if verb != VerbOptions && !t.http2 {
			return ReasonAsteriskForm, start
		}
		return 0, 0
	default:
		if why, at := t.refuseAbsolute(raw); why != 0 {
			if why == ReasonBadTargetForm && string(method) == "PROXY" { // of a balancer that is set up wrongly
				why = ReasonProxyProtocol
			}
			return why, start + at
		}
		t.form = AbsoluteForm
	}
	if i := bytes.IndexByte(buf[t.path:t.end], '?'); i >= 0 {
		t.query = t.path + uint32(i)
	}
	return 0, 0
}

// refuseAbsolute finds the parts of an absolute-form target up to its path.
// Only the schemes that HTTP defines are taken: for any other this server
// cannot be the origin (RFC 9110 §4.2).
func (t *target) refuseAbsolute(raw []byte) (why Reason, at int) {
	i := bytes.IndexByte(raw, ':')
	if i <= 0 || len(raw) < i+3 || raw[i+1] != '/' || raw[i+2] != '/' {
		return ReasonBadTargetForm, 0
	}
	if scheme := raw[:i]; !EqualFold(scheme, "http") && !EqualFold(scheme, "https") {
		return ReasonBadScheme, 0
	}
	t.schemeEnd = uint8(i)
	from := i + len("://")
	end := from
	for end < len(raw) && raw[end] != '/' && raw[end] != '?' {
		// RFC 9110 §4.2.4: "a recipient [...] SHOULD parse for userinfo and
		// treat its presence as an error; it is likely being used to obscure
		// the authority for the sake of phishing attacks."
		if raw[end] == '@' {
			return ReasonUserinfo, end
		}
		end++
	}
	// RFC 9110 §4.2.1: "A recipient that processes such a URI reference [with
	// an empty host] MUST reject it as invalid."
	if end == from || !ValidHost(raw[from:end]) {
		return ReasonBadAuthority, from
	}
	t.authority, t.path = t.start+uint32(from), t.start+uint32(end)
	return 0, 0
}
