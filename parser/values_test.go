package parser

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
)

func TestEqualFold(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"", "", true}, {"a", "A", true}, {"Content-Length", "content-LENGTH", true}, {"a", "ab", false}, {"ab", "a", false},
		{"[", "{", false}, {"@", "`", false}, {"\r", "-", false}, {"0", "\x10", false}, {"k", "\u212a", false}, {"\xe9", "\xc9", false},
	} {
		if got := EqualFold([]byte(tt.a), tt.b); got != tt.want {
			t.Errorf("EqualFold(%q, %q) = %v", tt.a, tt.b, got)
		}
	}
	for a := range 256 {
		for b := range 256 {
			want := a == b || a < 128 && b < 128 && strings.EqualFold(string(rune(a)), string(rune(b)))
			if got := EqualFold([]byte{byte(a)}, string([]byte{byte(b)})); got != want {
				t.Errorf("EqualFold(%#x, %#x) = %v", a, b, got)
			}
		}
	}
}

func TestContentLength(t *testing.T) {
	for _, tt := range []struct {
		v  string
		n  int64
		ok bool
	}{
		{"0", 0, true}, {"10", 10, true}, {"0007", 7, true}, {"9223372036854775807", 1<<63 - 1, true},
		{strings.Repeat("0", 100) + "1", 1, true},
		{"9223372036854775808", 0, false}, {"18446744073709551616", 0, false}, {"99999999999999999999", 0, false},
		{"", 0, false}, {"+1", 0, false}, {"-1", 0, false}, {" 1", 0, false}, {"1 ", 0, false}, {"1,1", 0, false}, {"1, 1", 0, false},
		{"0x1", 0, false}, {"1.0", 0, false}, {"1e3", 0, false}, {"1_0", 0, false}, {"\xd9\xa1", 0, false},
	} {
		if n, ok := ContentLength([]byte(tt.v)); n != tt.n || ok != tt.ok {
			t.Errorf("ContentLength(%q) = %d, %v", tt.v, n, ok)
		}
	}
}

func TestValid(t *testing.T) {
	for _, tt := range []struct {
		v                  string
		token, value, host bool
	}{
		{"", false, true, true},
		{"Host", true, true, true},
		{"a b", false, true, false},
		{"a\tb", false, true, false},
		{"a\r\nb", false, false, false},
		{"a\nb", false, false, false},
		{"a\x00", false, false, false},
		{"a\x7f", false, false, false},
		{"\x80\xff", false, true, false},
		{" a ", false, true, false},
		{"a:80", false, true, true},
		{"a_b", true, true, true},
		{"!$&'()*+,;=-._~", false, true, true},
		{"a|b", true, true, false},
		{"a/b", false, true, false},
		{"u@h", false, true, false},
	} {
		if got := ValidToken(tt.v); got != tt.token {
			t.Errorf("ValidToken(%q) = %v", tt.v, got)
		}
		if got := ValidFieldName([]byte(tt.v)); got != tt.token {
			t.Errorf("ValidFieldName(%q) = %v", tt.v, got)
		}
		if got := ValidFieldValue(tt.v); got != tt.value {
			t.Errorf("ValidFieldValue(%q) = %v", tt.v, got)
		}
		if got := ValidFieldValue([]byte(tt.v)); got != tt.value {
			t.Errorf("ValidFieldValue([]byte(%q)) = %v", tt.v, got)
		}
		if got := ValidHost([]byte(tt.v)); got != tt.host {
			t.Errorf("ValidHost(%q) = %v", tt.v, got)
		}
	}
}

func TestValidHost(t *testing.T) {
	for _, v := range []string{
		"example.org", "EXAMPLE.org.", "a-b.c", "localhost:8080", "a:", "a:0", "a:65535", "a:00080", "127.0.0.1", "127.0.0.1:80", "1.2.3.4.5",
		"256.1.1.1", // a reg-name
		"%41b", "a%2fb:80", "[::1]", "[::1]:80", "[::1]:", "[1:2:3:4:5:6:7:8]", "[1::8]", "[::ffff:1.2.3.4]:1",
	} {
		if !ValidHost([]byte(v)) {
			t.Errorf("%q is refused", v)
		}
	}
	for _, v := range []string{
		":", ":80", "a:b", "a:-1", "a:65536", "a:999999999999999999999", "a:80:80", "a::80", "::1", "a b", "a\\b", "a\"b", "<a>", "a?b", "a#b", "a/",
		"%", "%4", "a%4g", "a%g4", "%4", "[", "]", "[]", "[]:80", "[::1", "::1]", "[::1]a", "[::1]80", "[::1]:x", "[::1]:80:80", "[[::1]]", "[a]", "[1.2.3.4]",
		"[v1.a]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1 ]", "a[::1]", "\x80", "a\xc3\xa9", "http://a", "a,b c",
	} {
		if ValidHost([]byte(v)) {
			t.Errorf("%q is accepted", v)
		}
	}
}

// IPv6 addresses are judged as the standard library judges them, zones aside.
func TestIPv6LikeNetip(t *testing.T) {
	for _, v := range ipv6Seeds {
		checkIPv6(t, v)
	}
	// Everything that can be built of these parts.
	parts := []string{"", ":", "::", "1", "ffff:", ":0", "12345", "1:2:3", "1.2.3.4", "01.2.3.4", ".", "256"}
	for _, a := range parts {
		for _, b := range parts {
			for _, c := range parts {
				for _, d := range parts {
					checkIPv6(t, a+b+c+d)
				}
			}
		}
	}
}

var ipv6Seeds = []string{
	"::", "::1", "1::", "1::1", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1:2:3:4:5:6:7:8",
	"1:2:3:4:5:6:7:8::", "1::2::3", ":::", ":1", "1:", "1:::2", "12345::", "g::", "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4",
	"::1.2.3", "::1.2.3.4.5", "::1.2.3.256", "::01.2.3.4", "::1.2.3.4:5", "1.2.3.4", "::1..3.4", "::.1.2.3", "1.2.3.4::", "::1.2.3.", "::1.2.3.4444", "::00.2.3.4",
}

func checkIPv6(t *testing.T, v string) {
	t.Helper()
	addr, err := netip.ParseAddr(v)
	want := err == nil && addr.Is6() && addr.Zone() == ""
	if got := validIPv6([]byte(v)); got != want {
		t.Errorf("validIPv6(%q) = %v, netip: %v", v, got, want)
	}
}

func TestNextToken(t *testing.T) {
	for _, tt := range []struct{ list, want string }{
		{"", ""}, {" ", ""}, {",", ""}, {", ,\t,", ""},
		{"close", "close"}, {" close ", "close"}, {"keep-alive, Upgrade", "keep-alive|Upgrade"}, {",a,,b\t ,\tc,", "a|b|c"},
		{"trailers, deflate;q=0.5", "trailers|deflate;q=0.5"}, {"a b,c", "a b|c"},
		{`a="b,c" , d`, `a="b,c"|d`}, {`a="b\",c",d`, `a="b\",c"|d`}, {`a="b,c`, `a="b,c`}, {`a="b\`, `a="b\`}, {`a\,b`, `a\|b`},
	} {
		var got []string
		token, rest, ok := NextToken([]byte(tt.list))
		for ; ok; token, rest, ok = NextToken(rest) {
			got = append(got, string(token))
		}
		if s := strings.Join(got, "|"); s != tt.want {
			t.Errorf("%q: got %q, want %q", tt.list, s, tt.want)
		}
	}
}

func TestAppendDecoded(t *testing.T) {
	for _, tt := range []struct {
		in, path, query string // "!": refused
	}{
		{"", "", ""}, {"/a/b", "/a/b", "/a/b"}, {"/a%20b+c", "/a b+c", "/a b c"}, {"%41%2f%2F", "A//", "A//"}, {"%C3%a9", "é", "é"}, {"%ff", "\xff", "\xff"},
		{"a%00b", "!", "a\x00b"}, {"%", "!", "!"}, {"%4", "!", "!"}, {"%4g", "!", "!"}, {"%g4", "!", "!"}, {"a%%41", "!", "!"}, {"%25", "%", "%"}, {"%2541", "%41", "%41"},
		{"%-1", "!", "!"}, {"%+1", "!", "!"}, {"% 1", "!", "!"},
	} {
		for _, dst := range [][]byte{nil, []byte("dst")} {
			check := func(what, want string, got []byte, ok bool) {
				if ok != (want != "!") || ok && string(got) != string(dst)+want {
					t.Errorf("%s of %q after %q: %q %v", what, tt.in, dst, got, ok)
				}
			}
			got, ok := AppendDecodedPath(bytes.Clone(dst), []byte(tt.in))
			check("path", tt.path, got, ok)
			got, ok = AppendDecodedQuery(bytes.Clone(dst), []byte(tt.in))
			check("query", tt.query, got, ok)
		}
	}
}

func TestNextParam(t *testing.T) {
	for _, tt := range []struct{ query, want string }{
		{"", ""}, {"&", ""}, {"&&", ""}, {"a", "a:"}, {"a=", "a:"}, {"=b", ":b"}, {"=", ":"}, {"a=b", "a:b"}, {"a=b=c", "a:b=c"},
		{"a=b&c=d", "a:b|c:d"}, {"&&a=b&&c&", "a:b|c:"}, {"a;b=c", "a;b:c"}, {"a%26=b+c", "a%26:b+c"},
	} {
		var got []string
		key, value, rest, ok := NextParam([]byte(tt.query))
		for ; ok; key, value, rest, ok = NextParam(rest) {
			got = append(got, string(key)+":"+string(value))
		}
		if s := strings.Join(got, "|"); s != tt.want {
			t.Errorf("%q: got %q, want %q", tt.query, s, tt.want)
		}
	}
}

func TestNames(t *testing.T) {
	seen := map[string]Reason{}
	for why := Reason(1); why < numReasons; why++ {
		if why.String() == "" || why.Status() < 400 {
			t.Errorf("reason %d: %q, %d", why, why, why.Status())
		}
		if other, ok := seen[why.String()]; ok {
			t.Errorf("reasons %d and %d are both %q", why, other, why)
		}
		seen[why.String()] = why
	}
	if numReasons.String() != "unknown reason" || numReasons.Status() != 400 {
		t.Error("a number that is no reason")
	}
	err := &Error{431, ReasonFieldLineTooLong, 17}
	if got := err.Error(); got != "parser: field line too long at byte 17 (status 431)" {
		t.Errorf("got %q", got)
	}
	for form, want := range map[TargetForm]string{OriginForm: "origin-form", AbsoluteForm: "absolute-form",
		AuthorityForm: "authority-form", AsteriskForm: "asterisk-form", 99: "unknown form"} {
		if form.String() != want {
			t.Errorf("form %d: %q", form, form)
		}
	}
	for v := range numVerbs {
		if verbOf([]byte(v.String())) != v {
			t.Errorf("verb %d: %q", v, v)
		}
	}
	if numVerbs.String() != "other" {
		t.Errorf("a number that is no verb: %q", numVerbs)
	}
}
