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

// recognise returns the Known that name is, or unknown.
func recognise(name []byte) Known {
	switch len(name) {
	case 2:
		return orUnknown(name, KnownTE)
	case 4:
		return orUnknown(name, KnownHost)
	case 5:
		return orUnknown(name, KnownRange)
	case 6:
		return orUnknown(name, KnownExpect)
	case 7:
		if name[0]|0x20 == 'u' {
			return orUnknown(name, KnownUpgrade)
		}
		return orUnknown(name, KnownTrailer)
	case 8:
		return orUnknown(name, KnownIfRange)
	case 10:
		if name[0]|0x20 == 'c' {
			return orUnknown(name, KnownConnection)
		}
		return orUnknown(name, KnownKeepAlive)
	case 12:
		return orUnknown(name, KnownContentType)
	case 13:
		return orUnknown(name, KnownIfNoneMatch)
	case 14:
		return orUnknown(name, KnownContentLength)
	case 15:
		return orUnknown(name, KnownAcceptEncoding)
	case 17:
		if name[0]|0x20 == 't' {
			return orUnknown(name, KnownTransferEncoding)
		}
		return orUnknown(name, KnownIfModifiedSince)
	}
	return unknown
}

func orUnknown(name []byte, k Known) Known {
	if EqualFold(name, knownNames[k]) {
		return k
	}
	return unknown
}
