package parser

import "bytes"

// ValidHost reports whether v can be the value of a Host field: empty, or
// uri-host [ ":" port ] (RFC 9110 §7.2), where uri-host is a reg-name, an IPv4
// address, or an IPv6 address in brackets (RFC 3986 §3.2.2). A port is at most
// 65535 and can be empty. Of what RFC 3986 allows it refuses an empty name
// before a port (RFC 9110 §4.2.1) and IPvFuture, of which there is none.
func ValidHost(v []byte) bool {
	return len(v) == 0 || validAuthority(v, false)
}

// validAuthority reports whether v is host [ ":" port ]; or, if portNeeded,
// host ":" port with a port that is not empty.
func validAuthority(v []byte, portNeeded bool) bool {
	host, port := v, []byte(nil)
	hasPort := false
	after := 0
	if len(v) > 0 && v[0] == '[' {
		if after = bytes.IndexByte(v, ']'); after < 0 {
			return false
		}
		after++
	}
	if i := bytes.IndexByte(v[after:], ':'); i >= 0 {
		host, port, hasPort = v[:after+i], v[after+i+1:], true
	}
	if portNeeded && len(port) == 0 || hasPort && !validPort(port) {
		return false
	}
	if after > 0 {
		return len(host) == after && validIPv6(host[1:after-1])
	}
	return len(host) > 0 && validRegName(host)
}

func validPort(port []byte) bool {
	n := 0
	for _, c := range port {
		if n = n*10 + int(c-'0'); !isDigit(c) || n > 65535 {
			return false
		}
	}
	return true
}

// validRegName reports whether host is a reg-name, of which IPv4 addresses are
// a part: *( unreserved / pct-encoded / sub-delims ).
func validRegName(host []byte) bool {
	for i := 0; i < len(host); i++ {
		if classes[host[i]]&classRegName != 0 {
			continue
		}
		if host[i] != '%' || i+2 >= len(host) ||
			classes[host[i+1]]&classes[host[i+2]]&classHex == 0 {
			return false
		}
		i += 2
	}
	return true
}

// validIPv6 reports whether v is an IPv6address (RFC 3986 §3.2.2): eight
// groups of one to four hexadecimal digits, of which one run of one or more
// can be "::", and the last two an IPv4 address.
func validIPv6(v []byte) bool {
	groups, elided := 0, false
	if len(v) >= 2 && v[0] == ':' && v[1] == ':' {
		elided = true
		v = v[2:]
	}
	for len(v) > 0 {
		n := 0
		for n < len(v) && classes[v[n]]&classHex != 0 {
			n++
		}
		if n < len(v) && v[n] == '.' {
			groups += 2
			return validIPv4(v) && complete(groups, elided)
		}
		if n == 0 || n > 4 {
			return false
		}
		groups++
		v = v[n:]
		if len(v) == 0 {
			break
		}
		if v[0] != ':' || len(v) == 1 {
			return false
		}
		v = v[1:]
		if v[0] == ':' {
			if elided {
				return false
			}
			elided = true
			v = v[1:]
		}
	}
	return complete(groups, elided)
}

// complete reports whether an address of so many groups is whole: "::" stands
// for at least one.
func complete(groups int, elided bool) bool {
	return elided && groups < 8 || !elided && groups == 8
}

// validIPv4 reports whether v is four decimal numbers up to 255, written
// without leading zeros.
func validIPv4(v []byte) bool {
	for part := 0; part < 4; part++ {
		n, digits := 0, 0
		for digits < len(v) && isDigit(v[digits]) && digits < 4 {
			n = n*10 + int(v[digits]-'0')
			digits++
		}
		if digits == 0 || n > 255 || digits > 1 && v[0] == '0' {
			return false
		}
		v = v[digits:]
		if part < 3 {
			if len(v) == 0 || v[0] != '.' {
				return false
			}
			v = v[1:]
		}
	}
	return len(v) == 0
}
