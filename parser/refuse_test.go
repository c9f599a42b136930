package parser

import (
	"strings"
	"testing"
)

const line = "GET / HTTP/1.1\r\n" // 16 bytes

func TestRefuseRequestLine(t *testing.T) {
	tests := []struct {
		input  string
		status int
		reason Reason
		offset int
	}{
		// Line ends and empty lines.
		{"\n", 400, ReasonBareLF, 0},
		{"\r\r\n", 400, ReasonBareCR, 0},
		{"\r\n\n", 400, ReasonBareLF, 2},
		{"\r\n\rGET", 400, ReasonBareCR, 2},
		{"\r\n\r\n\r\n\r\n\r", 400, ReasonTooManyEmptyLines, 8},
		{"GET / HTTP/1.1\n", 400, ReasonBareLF, 14},
		{"GET / HTTP/1.1\rHost", 400, ReasonBareCR, 14},
		{"GET / HTTP/1.1\r\r\n", 400, ReasonBareCR, 14},
		// Method.
		{" ", 400, ReasonBadMethod, 0},
		{"\tGET", 400, ReasonBadMethod, 0},
		{"\x00", 400, ReasonBadMethod, 0},
		{"GE\x80T / HTTP/1.1", 400, ReasonBadMethod, 2},
		{"GET\t/ HTTP/1.1", 400, ReasonBadMethod, 3},
		{"GET\r\n", 400, ReasonBadMethod, 3},
		{"GET: a", 400, ReasonBadMethod, 3},
		{"{\"a\":1}", 400, ReasonBadMethod, 0},
		{"\x16\x03\x01\x02\x00\x01", 400, ReasonBadMethod, 0}, // a TLS ClientHello
		// Target.
		{"GET  / HTTP/1.1", 400, ReasonEmptyTarget, 4},
		{"GET /\r\n", 400, ReasonMissingVersion, 5},
		{"GET \r\n", 400, ReasonMissingVersion, 4},
		{"GET /\n", 400, ReasonBareLF, 5},
		{"GET /\x00", 400, ReasonNUL, 5},
		{"GET /\ta", 400, ReasonBadTargetByte, 5},
		{"GET /0123456789\x7f", 400, ReasonBadTargetByte, 15},
		{"GET /012345\xff6789", 400, ReasonBadTargetByte, 11},
		{"GET /\xc3\xa9 HTTP/1.1", 400, ReasonBadTargetByte, 5},
		{"GET /a#b HTTP/1.1", 400, ReasonFragment, 6},
		{"GET # ", 400, ReasonFragment, 4},
		{"GET a ", 400, ReasonBadTargetForm, 4},
		{"GET a/b ", 400, ReasonBadTargetForm, 4},
		{"GET ?a ", 400, ReasonBadTargetForm, 4},
		{"GET :// ", 400, ReasonBadTargetForm, 4},
		{"GET http: ", 400, ReasonBadTargetForm, 4},
		{"GET http:/ ", 400, ReasonBadTargetForm, 4},
		{"GET http:/a/ ", 400, ReasonBadTargetForm, 4},
		{"GET example.org:80 ", 400, ReasonBadTargetForm, 4},
		{"GET ftp://a/ ", 400, ReasonBadScheme, 4},
		{"GET httpss://a/ ", 400, ReasonBadScheme, 4},
		{"GET http:// ", 400, ReasonBadAuthority, 11},
		{"GET http:/// ", 400, ReasonBadAuthority, 11},
		{"GET http://?a ", 400, ReasonBadAuthority, 11},
		{"GET http://:80/ ", 400, ReasonBadAuthority, 11},
		{"GET http://a:b/ ", 400, ReasonBadAuthority, 11},
		{"GET http://[::1/ ", 400, ReasonBadAuthority, 11},
		{"GET http://a@b/ ", 400, ReasonUserinfo, 12},
		{"GET http://@/ ", 400, ReasonUserinfo, 11},
		{"GET http://a:b@c/ ", 400, ReasonUserinfo, 14},
		{"GET * ", 400, ReasonAsteriskForm, 4},
		{"options * ", 400, ReasonAsteriskForm, 8},
		{"OPTIONS ** ", 400, ReasonBadTargetForm, 8},
		{"CONNECT / ", 400, ReasonConnectTarget, 8},
		{"CONNECT example.org ", 400, ReasonConnectTarget, 8},
		{"CONNECT example.org: ", 400, ReasonConnectTarget, 8},
		{"CONNECT :443 ", 400, ReasonConnectTarget, 8},
		{"CONNECT a:65536 ", 400, ReasonConnectTarget, 8},
		{"CONNECT http://a:80/ ", 400, ReasonConnectTarget, 8},
		{"CONNECT u@a:80 ", 400, ReasonConnectTarget, 8},
		// Version.
		{"GET /  HTTP/1.1", 400, ReasonBadVersion, 6},
		{"GET / a HTTP/1.1", 400, ReasonBadVersion, 6},
		{"GET / http/1.1", 400, ReasonBadVersion, 6},
		{"GET / HTTP 1.1", 400, ReasonBadVersion, 10},
		{"GET / HTTP/1,1", 400, ReasonBadVersion, 12},
		{"GET / HTTP/11.1", 400, ReasonBadVersion, 12},
		{"GET / HTTP/x.1", 400, ReasonBadVersion, 11},
		{"GET / HTTP/1.\r", 400, ReasonBadVersion, 13},
		{"GET / HTTP/1.10", 400, ReasonBadVersion, 14},
		{"GET / HTTP/1.1 \r\n", 400, ReasonBadVersion, 14},
		{"GET / HTTP\n", 400, ReasonBareLF, 10},
		{"GET / \r\n", 400, ReasonBadVersion, 6},
		{"GET / HTTP/0.9", 505, ReasonUnsupportedVersion, 6},
		{"GET / HTTP/1.2", 505, ReasonUnsupportedVersion, 6},
		{"GET / HTTP/1.9", 505, ReasonUnsupportedVersion, 6},
		{"GET / HTTP/2.0", 505, ReasonUnsupportedVersion, 6},
		{"GET / HTTP/3.1", 505, ReasonUnsupportedVersion, 6},
		{"PROXY TCP4 192.0.2.1 192.0.2.2 50000 80\r\n", 400, ReasonProxyProtocol, 6},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, ReasonHTTP2Preface, 6},
		{"PRI * HTTP/1.1\r\n", 400, ReasonAsteriskForm, 6},
		{"PRI * HTTP/2.1", 505, ReasonUnsupportedVersion, 6},
	}
	for _, tt := range tests {
		var r Request
		got := deliverAll(t, &r, []byte(tt.input), roomy)
		if want := (Error{tt.status, tt.reason, tt.offset}); got.err != want {
			t.Errorf("%q:\n got %+v %q\nwant %+v %q", tt.input, got, got.err.Reason, want, want.Reason)
		}
	}
}

// refusedFieldLines are what no field section may hold, with the reason and
// the offset from the start of the section.
var refusedFieldLines = []struct {
	input  string
	reason Reason
	offset int
}{
	{" a: b", ReasonLeadingWhitespace, 0},
	{"\ta: b", ReasonLeadingWhitespace, 0},
	{" \r\n", ReasonLeadingWhitespace, 0},
	{"a: b\r\n c", ReasonObsFold, 6},
	{"a: b\r\n\tc", ReasonObsFold, 6},
	{"a: b\r\n \r\n", ReasonObsFold, 6},
	{"a : b", ReasonSpaceBeforeColon, 1},
	{"a\t: b", ReasonSpaceBeforeColon, 1},
	{"Transfer-Encoding : chunked", ReasonSpaceBeforeColon, 17},
	{": b", ReasonEmptyFieldName, 0},
	{"a\r\n", ReasonMissingColon, 1},
	{"abcdefghijk\r\n", ReasonMissingColon, 11},
	{"a\n", ReasonBareLF, 1},
	{"\n", ReasonBareLF, 0},
	{"a: b\r\n\n", ReasonBareLF, 6},
	{"\ra", ReasonBareCR, 0},
	{"\r\r\n", ReasonBareCR, 0},
	{"a: b\r\n\r\r\n", ReasonBareCR, 6},
	{"a\x00: b", ReasonNUL, 1},
	{"\x00", ReasonNUL, 0},
	{"a\x01: b", ReasonBadFieldName, 1},
	{"a\x7f: b", ReasonBadFieldName, 1},
	{"a\xe9: b", ReasonBadFieldName, 1},
	{"Content\xadLength: b", ReasonBadFieldName, 7},
	{"a(: b", ReasonBadFieldName, 1},
	{"a,b: c", ReasonBadFieldName, 1},
	{"a\"b\": c", ReasonBadFieldName, 1},
	{"@: c", ReasonBadFieldName, 0},
	{"abcdefg[: c", ReasonBadFieldName, 7},
	{"a: b\rc", ReasonBareCR, 4},
	{"a: b\r\r\n", ReasonBareCR, 4},
	{"a:\r\r\n", ReasonBareCR, 2},
	{"a: b\n", ReasonBareLF, 4},
	{"a:\n", ReasonBareLF, 2},
	{"a: 01234567\n89", ReasonBareLF, 11},
	{"a: b\x00c", ReasonNUL, 4},
	{"a: 0123456789abc\x00defghijkl", ReasonNUL, 16},
	{"a:\x00", ReasonNUL, 2},
	{"a: \x01", ReasonBadFieldValue, 3},
	{"a: b\x0b", ReasonBadFieldValue, 4},
	{"a: b\x1fc", ReasonBadFieldValue, 4},
	{"a: b\x7fc", ReasonBadFieldValue, 4},
	{"a: 01234\x7f567890", ReasonBadFieldValue, 8},
	{"a: \xff\x7f4567890", ReasonBadFieldValue, 4},
}

func TestRefuseFieldLines(t *testing.T) {
	for _, tt := range refusedFieldLines {
		var r Request
		got := deliverAll(t, &r, []byte(line+tt.input), roomy)
		if want := (Error{400, tt.reason, len(line) + tt.offset}); got.err != want {
			t.Errorf("%q:\n got %+v %q\nwant %+v %q", tt.input, got, got.err.Reason, want, want.Reason)
		}
		var s Trailer
		got = deliverAll(t, &s, []byte(tt.input), roomy)
		if want := (Error{400, tt.reason, tt.offset}); got.err != want {
			t.Errorf("trailer %q:\n got %+v %q\nwant %+v %q", tt.input, got, got.err.Reason, want, want.Reason)
		}
	}
}

// Every byte is tried at each place of a word in a name, a value and a target.
func TestEveryByteEverywhere(t *testing.T) {
	for c := range 256 {
		for before := range 9 {
			for _, after := range []int{0, 9} {
				pre, post := strings.Repeat("x", before+1), strings.Repeat("y", after)
				s := pre + string([]byte{byte(c)}) + post
				check := func(what, input string, ok bool) {
					t.Helper()
					var r Request
					n, err := r.Parse([]byte(input), &roomy)
					if (n == len(input)) != ok || (err == nil) != ok {
						t.Errorf("%s with %#x at %d, %d after: %d %v", what, c, before+1, after, n, err)
					}
				}
				tchar := strings.ContainsRune("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", rune(c))
				text := c == '\t' || c >= 0x20 && c != 0x7f
				visible := c > 0x20 && c < 0x7f && c != '#'
				check("method", s+" / HTTP/1.1\r\n\r\n", tchar)
				if c != ':' {
					check("name", line+s+": b\r\n\r\n", tchar)
				}
				check("value", line+"a: "+s+"\r\n\r\n", text)
				if c != ' ' {
					check("target", "GET /"+s+" HTTP/1.1\r\n\r\n", visible)
				}
			}
		}
	}
}
