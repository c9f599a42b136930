package conformance

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// testCase is one file of cases.
type testCase struct {
	name      string        // its path below cases, without its ending
	options   string        // "Field=value …", what differs from the zero Options
	limit     time.Duration // the shortest among these; 0: none
	scheme    string        // "http" or "https" where it matters which one the connection has
	wholeOnly string        // why a cut would change what comes; "" if it does not
	steps     []step
	source    []string
}

// step is what the peer does, and what must come then.
type step struct {
	kind, arg string
	data      []byte
	want      []byte
	ending    string // after the last step
	line      int    // number of its last line
}

// How a connection ends, or does not.
const (
	open   = "open"   // it serves on
	ends   = "ends"   // our peer's side ends in order
	resets = "resets" // it breaks
	waits  = "waits"  // nothing more comes, and it does not end
)

func readCases(t *testing.T) (all []*testCase) {
	t.Helper()
	names, err := filepath.Glob("cases/*/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range names {
		c, err := readCase(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, c)
	}
	return all
}

func readCase(name string) (*testCase, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	c := &testCase{name: strings.TrimSuffix(strings.TrimPrefix(name, "cases/"), ".txt")}
	c.source = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	before := ""
	for i, l := range c.source {
		kind, arg, _ := strings.Cut(l, " ")
		if err := c.take(i, kind, arg, before); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		before = kind
	}
	if len(c.steps) == 0 {
		return nil, fmt.Errorf("nothing happens")
	}
	return c, nil
}

func (c *testCase) take(line int, kind, arg, before string) error {
	last := len(c.steps) - 1
	switch kind {
	case "", "#":
	case "options:":
		c.options = arg
		for _, one := range strings.Fields(arg) {
			_, value, _ := strings.Cut(one, "=")
			if d, err := time.ParseDuration(value); err == nil && d > 0 && (c.limit == 0 || d < c.limit) {
				c.limit = d
			}
		}
		var o engine.Options
		return set(&o, arg)
	case "scheme:":
		c.scheme = arg
	case "whole-only:":
		c.wholeOnly = arg
	case "<", ">":
		b, err := unescape(arg)
		if err != nil {
			return err
		}
		switch {
		case kind == ">":
			c.steps[last].want = append(c.steps[last].want, b...)
			return nil
		case before != "<":
			c.steps = append(c.steps, step{kind: "<"})
			last++
		}
		c.steps[last].data = append(c.steps[last].data, b...)
		c.steps[last].line = line
	case "=":
		c.steps[last].ending = arg
		if arg != open && arg != ends && arg != resets && arg != waits {
			return fmt.Errorf("unknown ending %q", arg)
		}
	case "+":
		if _, err := time.ParseDuration(arg); err != nil {
			return err
		}
		fallthrough
	case "end", "quiet", "shutdown":
		c.steps = append(c.steps, step{kind: kind, arg: arg, line: line})
	default:
		return fmt.Errorf("unknown line %q", kind)
	}
	return nil
}

func (c *testCase) ending() string { return c.steps[len(c.steps)-1].ending }

// ownServer tells that what the case does concerns every connection.
func (c *testCase) ownServer() bool {
	for _, s := range c.steps {
		if s.kind == "shutdown" {
			return true
		}
	}
	return false
}

// write puts what came after each step into the file, in place of what was there.
func (c *testCase) write(came []observed) error {
	var out []string
	n := 0
	for i, l := range c.source {
		if l != "" && (l[0] == '>' || l[0] == '=') {
			continue
		}
		out = append(out, l)
		if n < len(c.steps) && c.steps[n].line == i {
			out = append(out, lines(came[n].bytes)...)
			if n++; n == len(c.steps) {
				out = append(out, "= "+came[n-1].ending)
			}
		}
	}
	text := []byte(strings.Join(out, "\n") + "\n")
	if bytes.Equal(text, []byte(strings.Join(c.source, "\n")+"\n")) {
		return nil
	}
	return os.WriteFile("cases/"+c.name+".txt", text, 0o666)
}

// set puts "Group.Field=value …" into options.
func set(o *engine.Options, text string) error {
	for _, one := range strings.Fields(text) {
		path, value, _ := strings.Cut(one, "=")
		v := reflect.ValueOf(o).Elem()
		for _, name := range strings.Split(path, ".") {
			if v = v.FieldByName(name); !v.IsValid() {
				return fmt.Errorf("no option %s", path)
			}
		}
		switch p := v.Addr().Interface().(type) {
		case *time.Duration:
			d, err := time.ParseDuration(value)
			if err != nil {
				return err
			}
			*p = d
			continue
		case *bool:
			*p = value == "true"
			continue
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		switch {
		case v.CanInt():
			v.SetInt(n)
		case v.CanUint():
			v.SetUint(uint64(n))
		default:
			return fmt.Errorf("%s is a %v", path, v.Type())
		}
	}
	return nil
}

var clause = regexp.MustCompile(`^# (RFC \d+ §[\d.]+|engine\.[A-Za-z.]+)[:,] .+[.:]$`)

// TestCases: each file can be read as a decision.
func TestCases(t *testing.T) {
	all := readCases(t)
	const least = 150
	if len(all) < least {
		t.Errorf("%d cases", len(all))
	}
	for _, c := range all {
		if !clause.MatchString(c.source[0]) {
			t.Errorf("%s: the first line cites no clause: %s", c.name, c.source[0])
		}
		if c.ending() == "" {
			t.Errorf("%s does not say how the connection ends", c.name)
		}
	}
}
