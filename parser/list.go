package parser

// NextToken returns the first element of a comma-separated list (RFC 9110
// §5.6.1) without the whitespace around it, and the rest of the list. Empty
// elements are skipped: "a recipient MUST parse and ignore a reasonable number
// of empty list elements". ok is false when there is no element left.
//
// An element that is no token (one with parameters, say) is returned as it is:
// the caller judges. A comma in a quoted-string does not end an element.
// Both results are views of list.
func NextToken(list []byte) (token, rest []byte, ok bool) {
	i := 0
	for i < len(list) && (list[i] == ',' || isOWS(list[i])) {
		i++
	}
	if i == len(list) {
		return nil, nil, false
	}
	end := i
	quoted := false
	for end < len(list) && (quoted || list[end] != ',') {
		switch {
		case list[end] == '"':
			quoted = !quoted
		case list[end] == '\\' && quoted && end+1 < len(list):
			end++
		}
		end++
	}
	rest = list[end:]
	for isOWS(list[end-1]) { // at the latest list[i] is none
		end--
	}
	return list[i:end], rest, true
}

func isOWS(c byte) bool { return c == ' ' || c == '\t' }
