package parser

// Verb is a request method in the form of a small number, for cheap checks.
// It tells the methods of RFC 9110 §9 and PATCH (RFC 5789) from one another;
// Request.Method has the bytes of any.
type Verb uint8

// The verbs. Methods are case-sensitive (RFC 9110 §9.1): "get" is VerbOther.
const (
	VerbOther Verb = iota
	VerbGet
	VerbHead
	VerbPost
	VerbPut
	VerbDelete
	VerbConnect
	VerbOptions
	VerbTrace
	VerbPatch

	numVerbs
)

var verbNames = [numVerbs]string{"other", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// String returns the method, or "other".
func (v Verb) String() string {
	if v >= numVerbs {
		return verbNames[VerbOther]
	}
	return verbNames[v]
}

// verbOf returns the verb of a method.
func verbOf(method []byte) Verb {
	switch string(method) {
	case "GET":
		return VerbGet
	case "HEAD":
		return VerbHead
	case "POST":
		return VerbPost
	case "PUT":
		return VerbPut
	case "DELETE":
		return VerbDelete
	case "CONNECT":
		return VerbConnect
	case "OPTIONS":
		return VerbOptions
	case "TRACE":
		return VerbTrace
	case "PATCH":
		return VerbPatch
	}
	return VerbOther
}
