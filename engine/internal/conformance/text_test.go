package conformance

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// pattern is what /big answers with: 0 to 255, repeated.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

var macro = regexp.MustCompile(`<<(?:big:(\d+)|(.+?)\*(\d+))>>`)

// unescape reads the text of a line: \r \n \t \\ \xNN, <<text*n>> for text n
// times, and <<big:n>> for n bytes of the pattern of /big.
func unescape(text string) ([]byte, error) {
	var out []byte
	for {
		m := macro.FindStringSubmatch(text)
		if m == nil {
			s, err := unquote(text)
			return append(out, s...), err
		}
		before, after, _ := strings.Cut(text, m[0])
		s, err := unquote(before)
		if err != nil {
			return nil, err
		}
		out = append(out, s...)
		if m[1] != "" {
			n, _ := strconv.Atoi(m[1]) // digits
			out = append(out, pattern(n)...)
		} else {
			n, _ := strconv.Atoi(m[3])
			if s, err = unquote(m[2]); err != nil {
				return nil, err
			}
			out = append(out, strings.Repeat(s, n)...)
		}
		text = after
	}
}

func unquote(text string) (string, error) {
	s, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
	if err != nil {
		return "", fmt.Errorf("%q: %w", text, err)
	}
	return s, nil
}

// Longer runs of equal bytes, and of the pattern, are written as macros.
const shortestRun, shortestPattern = 40, 256

// escape is the inverse of unescape.
func escape(b []byte) string {
	var out strings.Builder
	for i := 0; i < len(b); {
		n := 1
		for i+n < len(b) && b[i+n] == b[i] {
			n++
		}
		big := 0
		for i+big < len(b) && b[i+big] == byte(big) {
			big++
		}
		switch c := escapeByte(b[i]); {
		case big >= shortestPattern:
			n = big
			fmt.Fprintf(&out, "<<big:%d>>", n)
		case n >= shortestRun:
			fmt.Fprintf(&out, "<<%s*%d>>", c, n)
		default:
			out.WriteString(strings.Repeat(c, n))
		}
		i += n
	}
	return out.String()
}

func escapeByte(c byte) string {
	switch {
	case c == '\r':
		return `\r`
	case c == '\n':
		return `\n`
	case c == '\t':
		return `\t`
	case c == '\\':
		return `\\`
	case c < 0x20 || c > 0x7e:
		return fmt.Sprintf(`\x%02x`, c)
	}
	return string(rune(c))
}

// lines writes received bytes as the lines of a file.
func lines(b []byte) (out []string) {
	if bytes.HasPrefix(b, pattern(shortestPattern)) {
		return []string{"> " + escape(b)}
	}
	for len(b) > 0 {
		n := bytes.IndexByte(b, '\n') + 1
		if n == 0 || bytes.HasPrefix(b, pattern(shortestPattern)) {
			n = len(b)
		}
		out = append(out, "> "+escape(b[:n]))
		b = b[n:]
	}
	return out
}

// RFC 9110 §5.6.7: IMF-fixdate, which is what a Date field must have.
var dateField = regexp.MustCompile(`(\r\nDate: )(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT\r\n`)

// normal puts the word DATE in the place of dates, the only part of an answer
// that differs from one run to the next.
func normal(b []byte) []byte {
	return dateField.ReplaceAll(b, []byte("${1}DATE\r\n"))
}
