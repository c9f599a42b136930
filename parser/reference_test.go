package parser

import (
	"bytes"
	"regexp"
	"strconv"
)

// States of the reference decoder.
const (
	refMore   = "needs more"
	refDone   = "done"
	refBroken = "broken"
)

// sizeLine is the grammar of a chunk-size line, written down from RFC 9112
// §7.1 and §7.1.1 and RFC 9110 §5.6.
var sizeLine = func() *regexp.Regexp {
	const (
		bws    = `[ \t]*`
		token  = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
		quoted = `"(?:[\t \x21\x23-\x5b\x5d-\x7e\x{80}-\x{ff}]|\\[\t \x21-\x7e\x{80}-\x{ff}])*"`
		ext    = bws + ";" + bws + token + "(?:" + bws + "=" + bws + "(?:" + token + "|" + quoted + "))?"
	)
	return regexp.MustCompile(`\A([0-9A-Fa-f]{1,16})(?:` + ext + `)*\z`)
}()

// latin1 makes one rune of each byte, which is what the regexp package can
// match bytes by.
func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// referenceDechunk decodes chunked framing the simple way: a whole line at a
// time, with a regular expression. It returns the data up to where the framing
// ends, breaks or lacks bytes.
func referenceDechunk(body []byte) (data string, state string) {
	excess := 0
	for {
		line, rest, found := bytes.Cut(body, []byte("\n"))
		if !found {
			return data, refMore
		}
		if len(line) == 0 || line[len(line)-1] != '\r' {
			return data, refBroken
		}
		line = line[:len(line)-1]
		m := sizeLine.FindStringSubmatch(latin1(line))
		if m == nil || len(line) > maxChunkLine {
			return data, refBroken
		}
		size, err := strconv.ParseInt(m[1], 16, 64)
		if err != nil {
			return data, refBroken
		}
		excess = max(0, excess+len(line)+4-16-2*int(min(size, 1<<20)))
		if excess > maxChunkExcess {
			return data, refBroken
		}
		if size == 0 {
			return data, refDone
		}
		if int64(len(rest)) < size {
			return data + string(rest), refMore
		}
		data += string(rest[:size])
		rest = rest[size:]
		switch {
		case bytes.HasPrefix(rest, []byte("\r\n")):
			body = rest[2:]
		case len(rest) == 0 || string(rest) == "\r":
			return data, refMore
		default:
			return data, refBroken
		}
	}
}
