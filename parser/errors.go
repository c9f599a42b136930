package parser

import "strconv"

// Error says what a peer sent that cannot be accepted. It is always the
// peer's fault; the parser has no other kind of error.
//
// An *Error returned by this package points into the value that returned it
// (so that refusing a message allocates nothing) and is valid until that value
// is reset.
type Error struct {
	// Status is the response status code to answer with: 400, 414, 431, 501
	// or 505.
	Status int
	// Reason is the rule that was broken.
	Reason Reason
	// Offset is where it was broken, in bytes: from the start of the head or
	// trailer section, or from the start of the buffer given to Chunked.Next.
	Offset int
}

// Error returns the reason with its status and place. It allocates; logs need
// it, the protocol does not.
func (e *Error) Error() string {
	return "parser: " + e.Reason.String() + " at byte " + strconv.Itoa(e.Offset) +
		" (status " + strconv.Itoa(e.Status) + ")"
}

// Reason names the rule that a message broke. The text of a Reason is stable;
// its number is not.
type Reason uint8

// The reasons, in the order in which a message can meet them.
const (
	_ Reason = iota // 0 is "nothing wrong"

	// Line ends, anywhere in a head or in chunked framing.

	ReasonBareCR
	ReasonBareLF

	// Request line.

	ReasonTooManyEmptyLines
	ReasonBadMethod
	ReasonMethodTooLong
	ReasonTargetTooLong
	ReasonEmptyTarget
	ReasonBadTargetByte
	ReasonFragment
	ReasonBadTargetForm
	ReasonBadScheme
	ReasonUserinfo
	ReasonBadAuthority
	ReasonAsteriskForm
	ReasonConnectTarget
	ReasonMissingVersion
	ReasonBadVersion
	ReasonUnsupportedVersion
	ReasonHTTP2Preface
	ReasonProxyProtocol

	// Field lines, of a head or of a trailer section.

	ReasonLeadingWhitespace
	ReasonObsFold
	ReasonEmptyFieldName
	ReasonBadFieldName
	ReasonSpaceBeforeColon
	ReasonMissingColon
	ReasonBadFieldValue
	ReasonNUL
	ReasonFieldLineTooLong
	ReasonTooManyFields
	ReasonSectionTooLarge

	// Chunked framing.

	ReasonBadChunkSize
	ReasonChunkSizeOverflow
	ReasonBadChunkExtension
	ReasonChunkLineTooLong
	ReasonChunkOverhead
	ReasonMissingChunkEnd

	numReasons
)

// reasons holds the text of each reason and the status code to answer with.
var reasons = [numReasons]struct {
	text   string
	status int
}{
	0:                        {"no error", 0},
	ReasonBareCR:             {"bare CR", 400},
	ReasonBareLF:             {"bare LF", 400},
	ReasonTooManyEmptyLines:  {"too many empty lines before the request line", 400},
	ReasonBadMethod:          {"method is not a token", 400},
	ReasonMethodTooLong:      {"method too long", 501},
	ReasonTargetTooLong:      {"request target too long", 414},
	ReasonEmptyTarget:        {"empty request target", 400},
	ReasonBadTargetByte:      {"byte not allowed in a request target", 400},
	ReasonFragment:           {"fragment in the request target", 400},
	ReasonBadTargetForm:      {"request target of no known form", 400},
	ReasonBadScheme:          {"request target with a scheme other than http and https", 400},
	ReasonUserinfo:           {"userinfo in the request target", 400},
	ReasonBadAuthority:       {"bad authority in the request target", 400},
	ReasonAsteriskForm:       {"asterisk-form without OPTIONS", 400},
	ReasonConnectTarget:      {"CONNECT without host:port", 400},
	ReasonMissingVersion:     {"request line without a version", 400},
	ReasonBadVersion:         {"malformed version", 400},
	ReasonUnsupportedVersion: {"unsupported version", 505},
	ReasonHTTP2Preface:       {"HTTP/2 preface", 505},
	ReasonProxyProtocol:      {"PROXY protocol, which is not spoken here", 400},
	ReasonLeadingWhitespace:  {"whitespace before the first field line", 400},
	ReasonObsFold:            {"folded field line", 400},
	ReasonEmptyFieldName:     {"empty field name", 400},
	ReasonBadFieldName:       {"field name is not a token", 400},
	ReasonSpaceBeforeColon:   {"space before colon", 400},
	ReasonMissingColon:       {"field line without a colon", 400},
	ReasonBadFieldValue:      {"control character in a field value", 400},
	ReasonNUL:                {"NUL", 400},
	ReasonFieldLineTooLong:   {"field line too long", 431},
	ReasonTooManyFields:      {"too many field lines", 431},
	ReasonSectionTooLarge:    {"field section too large", 431},
	ReasonBadChunkSize:       {"chunk size is not hexadecimal", 400},
	ReasonChunkSizeOverflow:  {"chunk size overflow", 400},
	ReasonBadChunkExtension:  {"malformed chunk extension", 400},
	ReasonChunkLineTooLong:   {"chunk size line too long", 400},
	ReasonChunkOverhead:      {"too much chunk framing for the data", 400},
	ReasonMissingChunkEnd:    {"chunk data not ended by CRLF", 400},
}

// String returns the reason in words, as they may stand in a log.
func (r Reason) String() string {
	if r >= numReasons {
		return "unknown reason"
	}
	return reasons[r].text
}

// Status returns the response status code that goes with the reason.
func (r Reason) Status() int {
	if r >= numReasons {
		return 400
	}
	return reasons[r].status
}

// set fills e and returns it.
func (e *Error) set(why Reason, offset int) *Error {
	e.Status, e.Reason, e.Offset = why.Status(), why, offset
	return e
}
