package conn

// HopByHop tells whether a field is for one connection alone, whatever Connection
// says, so that a proxy must not forward it.
//
// RFC 9110 §7.6.1: "intermediaries SHOULD remove or replace fields that are
// known to require removal before forwarding, whether or not they appear as a
// connection-option": Proxy-Connection, Keep-Alive, TE, Transfer-Encoding,
// Upgrade; and Connection itself. Credentials for a proxy and its challenges
// are for the next one only (§11.7): whoever chains proxies adds its own.
//
// Not among them: Trailer, which describes fields that are forwarded (§6.6.2),
// and Content-Length, Expect, Host, Max-Forwards and Via, which a proxy
// forwards or replaces.
func HopByHop[T ~string | ~[]byte](name T) bool {
	switch len(name) {
	case len("TE"):
		return sameName(name, "te")
	case len("Upgrade"):
		return sameName(name, "upgrade")
	case len("Connection"): // and Keep-Alive
		return sameName(name, "connection") || sameName(name, "keep-alive")
	case len("Proxy-Connection"):
		return sameName(name, "proxy-connection")
	case len("Transfer-Encoding"):
		return sameName(name, "transfer-encoding")
	case len("Proxy-Authenticate"):
		return sameName(name, "proxy-authenticate")
	case len("Proxy-Authorization"):
		return sameName(name, "proxy-authorization")
	case len("Proxy-Authentication-Info"):
		return sameName(name, "proxy-authentication-info")
	}
	return false
}

// ConnectionNames tells whether the value of a Connection field names a field,
// which a proxy must then not forward: RFC 9110 §7.6.1: "for each
// connection-option in this field, remove any header or trailer field(s) from
// the message with the same name as the connection-option".
func ConnectionNames[V, N ~string | ~[]byte](value V, name N) bool {
	for start := 0; start < len(value); {
		end := start
		for end < len(value) && value[end] != ',' {
			end++
		}
		from, to := start, end
		for from < to && (value[from] == ' ' || value[from] == '\t') {
			from++
		}
		for to > from && (value[to-1] == ' ' || value[to-1] == '\t') {
			to--
		}
		if to-from == len(name) && sameName(value[from:to], name) {
			return true
		}
		start = end + 1
	}
	return false
}

// sameName compares names of the same length (RFC 9110 §5.1: without case).
func sameName[A, B ~string | ~[]byte](a A, b B) bool {
	for i := 0; i < len(a); i++ {
		if x, y := a[i], b[i]; x != y && lowerCase(x) != lowerCase(y) {
			return false
		}
	}
	return true
}

func lowerCase(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
