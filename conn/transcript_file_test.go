package conn

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// transcript is one file of testdata.
type transcript struct {
	config    Config
	handlers  [][]action // of the first request, the second, …; the last of them of all others
	steps     []step
	splits    int    // bounds the cuts of one piece; 0: it is cut everywhere
	wholeOnly string // why a cut may change what happens; "" if it may not
	source    []string
}

// step is something that happens to the connection, and what follows from it.
type step struct {
	kind, arg string
	data      []byte
	line      int // number of its last line
	want      []string
}

func (s step) text() string {
	if s.kind == "<" {
		return "< " + escape(s.data)
	}
	return s.kind + " " + s.arg
}

func (s step) duration(t testing.TB) time.Duration {
	d, err := time.ParseDuration(s.arg)
	if err != nil {
		t.Fatalf("line %d: %v", s.line, err)
	}
	return d
}

func (s step) room(t testing.TB) int {
	if s.arg == "open" {
		return unlimitedRoom
	}
	return number(t, s.arg)
}

var testDate = []byte("Sun, 06 Nov 1994 08:49:37 GMT")

func readTranscript(t testing.TB, name string) *transcript {
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	s := &transcript{config: DefaultConfig()}
	s.config.Date = func() []byte { return testDate }
	s.source = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	joined := false // the next < line goes on with the piece
	for i, l := range s.source {
		wasJoined := joined
		joined = false
		kind, arg, _ := strings.Cut(l, " ")
		switch kind {
		case "", "#":
		case "config:":
			for _, f := range strings.Fields(arg) {
				s.config.set(t, f)
			}
		case "handler:":
			s.handlers = append(s.handlers, parseActions(t, arg))
		case "splits:":
			s.splits = number(t, strings.Fields(arg)[0])
		case "whole-only:":
			s.wholeOnly = arg
		case ">", "*", "!", "=":
			st := &s.steps[len(s.steps)-1]
			st.want = append(st.want, l)
		case "<":
			if !wasJoined {
				s.steps = append(s.steps, step{kind: "<"})
			}
			st := &s.steps[len(s.steps)-1]
			st.data = append(st.data, unescape(t, arg)...)
			st.line = i
			joined = true
		default:
			s.steps = append(s.steps, step{kind: kind, arg: arg, line: i})
		}
	}
	return s
}

// write puts what happened into the file, in place of what was there.
func (s *transcript) write(t testing.TB, name string, r *replayed) {
	var out []string
	n := 0
	for i, l := range s.source {
		if l != "" && strings.Contains(">*!=", l[:1]) {
			continue
		}
		out = append(out, l)
		if n < len(s.steps) && s.steps[n].line == i {
			out = append(out, r.lines[n]...)
			n++
		}
	}
	text := []byte(strings.Join(out, "\n") + "\n")
	if old, _ := os.ReadFile(name); !bytes.Equal(old, text) {
		if err := os.WriteFile(name, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// set takes a "Name=value" of a config line.
func (c *Config) set(t testing.TB, field string) {
	name, value, _ := strings.Cut(field, "=")
	durations := map[string]*time.Duration{
		"IdleTimeout": &c.IdleTimeout, "HeadTimeout": &c.HeadTimeout, "BodyTimeout": &c.BodyTimeout,
		"WriteTimeout": &c.WriteTimeout, "LingerIdle": &c.LingerIdle, "LingerTotal": &c.LingerTotal,
		"ReceiveTimeout": &c.ReceiveTimeout, "RateGrace": &c.RateGrace, "MaxAge": &c.MaxAge, "DrainLinger": &c.DrainLinger,
	}
	numbers := map[string]*int{
		"OutputBytes": &c.OutputBytes, "Transactions": &c.Transactions, "RequestLine": &c.Head.RequestLine,
		"FieldLine": &c.Head.FieldLine, "Head": &c.Head.Head, "Fields": &c.Head.Fields,
		"Pipelined": &c.Pipelined, "Jitter": &c.Jitter,
	}
	sizes := map[string]*int64{
		"BodyBytes": &c.BodyBytes, "DiscardBytes": &c.DiscardBytes, "LingerBytes": &c.LingerBytes,
		"ReadRate": &c.ReadRate, "WriteRate": &c.WriteRate,
	}
	switch {
	case durations[name] != nil:
		*durations[name] = step{arg: value}.duration(t)
	case numbers[name] != nil:
		*numbers[name] = number(t, value)
	case sizes[name] != nil:
		*sizes[name] = int64(number(t, value))
	case name == "KeepAliveField":
		c.KeepAliveField = value == "true"
	case name == "Random":
		draw := uint64(number(t, value))
		c.Random = func() uint64 { return draw }
	case name == "ResetFor":
		for r := range NumReasons {
			if strings.ReplaceAll(r.String(), " ", "-") == value {
				c.ResetFor |= ReasonsOf(r)
			}
		}
	case name == "Secured":
		c.Secured = value == "true"
	case name == "Date":
		c.Date = nil
	default:
		t.Fatalf("unknown config %q", field)
	}
}

func number(t testing.TB, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var repeated = regexp.MustCompile(`<<(.+?)\*(\d+)>>`)

// unescape reads the text of a line: \r \n \t \\ \xNN, and <<text*n>> for text
// n times.
func unescape(t testing.TB, text string) []byte {
	var out []byte
	for {
		m := repeated.FindStringSubmatchIndex(text)
		if m == nil {
			return append(out, unquote(t, text)...)
		}
		out = append(out, unquote(t, text[:m[0]])...)
		out = append(out, strings.Repeat(unquote(t, text[m[2]:m[3]]), number(t, text[m[4]:m[5]]))...)
		text = text[m[1]:]
	}
}

func unquote(t testing.TB, text string) string {
	s, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return s
}

// shortestRun is how many equal bytes are written as <<x*n>>.
const shortestRun = 40

// escape is the inverse of unescape.
func escape(b []byte) string {
	var out strings.Builder
	for i := 0; i < len(b); {
		n := 1
		for i+n < len(b) && b[i+n] == b[i] {
			n++
		}
		c := escapeByte(b[i])
		if n >= shortestRun {
			fmt.Fprintf(&out, "<<%s*%d>>", c, n)
		} else {
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
