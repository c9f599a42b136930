package parser

import "bytes"

// AppendDecodedPath appends path with its percent-encoding (RFC 3986 §2.1)
// decoded to dst. '+' stays as it is. ok is false if an escape is broken, or
// stands for NUL, which no file name can hold and which ends strings elsewhere;
// what dst then holds is no path. It removes no dot segments, and a decoded
// "%2F" is a slash like any other.
func AppendDecodedPath(dst, path []byte) (decoded []byte, ok bool) {
	return appendDecoded(dst, path, false)
}

// AppendDecodedQuery appends a key or a value of a query to dst, with its
// percent-encoding decoded and '+' turned into a space. ok is false if an
// escape is broken.
func AppendDecodedQuery(dst, v []byte) (decoded []byte, ok bool) {
	return appendDecoded(dst, v, true)
}

func appendDecoded(dst, src []byte, query bool) ([]byte, bool) {
	for i := 0; i < len(src); i++ {
		c := src[i]
		switch {
		case c == '%':
			if i+2 >= len(src) {
				return dst, false
			}
			high, ok1 := hexDigit(src[i+1])
			low, ok2 := hexDigit(src[i+2])
			c = high<<4 | low
			if !ok1 || !ok2 || c == 0 && !query {
				return dst, false
			}
			i += 2
		case c == '+' && query:
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst, true
}

// NextParam returns the first key and value of a query in the form
// application/x-www-form-urlencoded, still encoded, and the rest of the query.
// Pairs are separated by '&' alone. A pair without '=' has an empty value; an
// empty pair ("&&") is skipped. ok is false when there is none left. All
// results are views of query; AppendDecodedQuery decodes them.
func NextParam(query []byte) (key, value, rest []byte, ok bool) {
	for len(query) > 0 {
		pair := query
		if i := bytes.IndexByte(query, '&'); i >= 0 {
			pair, query = query[:i], query[i+1:]
		} else {
			query = nil
		}
		if len(pair) == 0 {
			continue
		}
		if i := bytes.IndexByte(pair, '='); i >= 0 {
			return pair[:i], pair[i+1:], query, true
		}
		return pair, nil, query, true
	}
	return nil, nil, nil, false
}
