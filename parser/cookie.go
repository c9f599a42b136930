package parser

import "bytes"

// NextCookie returns the first name and value of a Cookie field (RFC 6265
// §4.2.1), and the rest of the field. ok is false when there is none left. A pair
// without '=' is skipped, for it has either no name or no value, and servers
// differ on which. Whitespace around name and value is left out; quotes are a part
// of the value, as browsers have it (§5.2). All results are views of cookies.
func NextCookie(cookies []byte) (name, value, rest []byte, ok bool) {
	for len(cookies) > 0 {
		pair := cookies
		if i := bytes.IndexByte(cookies, ';'); i >= 0 {
			pair, cookies = cookies[:i], cookies[i+1:]
		} else {
			cookies = nil
		}
		if i := bytes.IndexByte(pair, '='); i >= 0 {
			return bytes.Trim(pair[:i], " \t"), bytes.Trim(pair[i+1:], " \t"), cookies, true
		}
	}
	return nil, nil, nil, false
}
