package parser

import (
	"slices"
	"testing"
)

func TestNextCookie(t *testing.T) {
	for field, want := range map[string][]string{
		"":                        nil,
		";; ;":                    nil,
		"a=1":                     {"a", "1"},
		"a=1; b=2":                {"a", "1", "b", "2"},
		"a=1;b=2;":                {"a", "1", "b", "2"},
		" a = 1 ;\tb= ":           {"a", "1", "b", ""},
		"a=b=c; =d":               {"a", "b=c", "", "d"},
		"nothing; a=1; nothing":   {"a", "1"},
		`a="x y"; b="`:            {"a", `"x y"`, "b", `"`},
		"a=1, b=2":                {"a", "1, b=2"},
		"a=1; a=2; A=3; =; \xff=": {"a", "1", "a", "2", "A", "3", "", "", "\xff", ""},
	} {
		var got []string
		rest := []byte(field)
		for {
			name, value, next, ok := NextCookie(rest)
			if !ok {
				break
			}
			got, rest = append(got, string(name), string(value)), next
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", field, got, want)
		}
	}
}
