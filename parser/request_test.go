package parser

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestRequestLine(t *testing.T) {
	tests := []struct {
		line string
		want string // method, verb, form, scheme, authority, path, query or "-", minor
	}{
		{"GET / HTTP/1.1", "GET GET origin-form   / - 1"},
		{"GET / HTTP/1.0", "GET GET origin-form   / - 0"},
		{"HEAD /a/b HTTP/1.1", "HEAD HEAD origin-form   /a/b - 1"},
		{"POST /a?b=c HTTP/1.1", "POST POST origin-form   /a b=c 1"},
		{"PUT /a? HTTP/1.1", "PUT PUT origin-form   /a  1"},
		{"DELETE /? HTTP/1.1", "DELETE DELETE origin-form   /  1"},
		{"TRACE /a?b?c/d HTTP/1.1", "TRACE TRACE origin-form   /a b?c/d 1"},
		{"PATCH //a//b HTTP/1.1", "PATCH PATCH origin-form   //a//b - 1"},
		{"get / HTTP/1.1", "get other origin-form   / - 1"},
		{"PRI / HTTP/1.1", "PRI other origin-form   / - 1"},
		{"!#$%&'*+-.^_`|~09azAZ / HTTP/1.1", "!#$%&'*+-.^_`|~09azAZ other origin-form   / - 1"},
		{"M-SEARCH-LONG-METHOD / HTTP/1.1", "M-SEARCH-LONG-METHOD other origin-form   / - 1"},
		{`GET /!"$%&'()*+,-./:;<=>@[\]^_{|}~ HTTP/1.1`, `GET GET origin-form   /!"$%&'()*+,-./:;<=>@[\]^_{|}~ - 1`},
		{"GET /%zz%00 HTTP/1.1", "GET GET origin-form   /%zz%00 - 1"},
		{"OPTIONS * HTTP/1.1", "OPTIONS OPTIONS asterisk-form   * - 1"},
		{"OPTIONS /* HTTP/1.1", "OPTIONS OPTIONS origin-form   /* - 1"},
		{"CONNECT example.org:443 HTTP/1.1", "CONNECT CONNECT authority-form  example.org:443  - 1"},
		{"CONNECT [::1]:443 HTTP/1.1", "CONNECT CONNECT authority-form  [::1]:443  - 1"},
		{"CONNECT 127.0.0.1:1 HTTP/1.0", "CONNECT CONNECT authority-form  127.0.0.1:1  - 0"},
		{"GET http://example.org HTTP/1.1", "GET GET absolute-form http example.org / - 1"},
		{"GET HTTP://example.org/ HTTP/1.1", "GET GET absolute-form HTTP example.org / - 1"},
		{"GET hTTps://example.org:8443/a?b HTTP/1.1", "GET GET absolute-form hTTps example.org:8443 /a b 1"},
		{"GET https://[::1]?b HTTP/1.1", "GET GET absolute-form https [::1] / b 1"},
		{"GET http://a:?b HTTP/1.1", "GET GET absolute-form http a: / b 1"},
		{"GET http://a/b@c:d//e HTTP/1.1", "GET GET absolute-form http a /b@c:d//e - 1"},
		{"OPTIONS http://example.org HTTP/1.1", "OPTIONS OPTIONS absolute-form http example.org * - 1"},
		{"OPTIONS http://example.org/ HTTP/1.1", "OPTIONS OPTIONS absolute-form http example.org / - 1"},
		{"OPTIONS http://example.org? HTTP/1.1", "OPTIONS OPTIONS absolute-form http example.org /  1"},
	}
	for _, tt := range tests {
		var r Request
		input := []byte(tt.line + "\r\nHost: a\r\n\r\n")
		if got := deliverAll(t, &r, input, roomy); got.n != len(input) {
			t.Errorf("%q: got %+v", tt.line, got)
			continue
		}
		query := "-"
		if r.HasQuery() {
			query = string(r.Query())
		}
		got := fmt.Sprintf("%s %v %v %s %s %s %s %d", r.Method(), r.Verb(), r.Form(), r.Scheme(), r.Authority(), r.Path(), query, r.Minor())
		if got != tt.want {
			t.Errorf("%q:\n got %q\nwant %q", tt.line, got, tt.want)
		}
		if target := strings.Fields(tt.line)[1]; string(r.Target()) != target {
			t.Errorf("%q: target %q", tt.line, r.Target())
		}
		if r.IsHead() != strings.HasPrefix(tt.line, "HEAD") {
			t.Errorf("%q: IsHead %v", tt.line, r.IsHead())
		}
	}
}

func TestBrowserRequest(t *testing.T) {
	input, err := os.ReadFile("testdata/browser-request.http")
	if err != nil {
		t.Fatal(err)
	}
	var r Request
	pipelined := append(bytes.Clone(input), "GET / HTTP/1.1\r\n"...)
	if got := deliverAll(t, &r, pipelined, roomy); got.n != len(input) {
		t.Fatalf("got %+v, want %d", got, len(input))
	}
	if r.Len() != 13 || r.Count(KnownHost) != 1 || string(r.First(KnownHost)) != "www.example.org" {
		t.Errorf("%d fields, %d hosts, first %q", r.Len(), r.Count(KnownHost), r.First(KnownHost))
	}
	if v, ok := r.Get("sec-fetch-MODE"); !ok || string(v) != "navigate" {
		t.Errorf("Sec-Fetch-Mode: %q %v", v, ok)
	}
}

func TestEmptyLinesBeforeRequest(t *testing.T) {
	for empty := 0; empty <= maxEmptyLines; empty++ {
		var r Request
		input := []byte(strings.Repeat("\r\n", empty) + "GET / HTTP/1.1\r\n\r\n")
		if got := deliverAll(t, &r, input, roomy); got.n != len(input) {
			t.Errorf("%d empty lines: got %+v", empty, got)
		}
		if string(r.Method()) != "GET" {
			t.Errorf("%d empty lines: method %q", empty, r.Method())
		}
	}
}

func TestStarted(t *testing.T) {
	tests := []struct {
		input string
		want  bool
	}{
		{"", false}, {"\r", false}, {"\r\n", false}, {"\r\n\r\n", false}, {"\r\n\r", false},
		{"G", true}, {"\r\nG", true}, {"GET / HTTP/1.1\r\n", true}, {"GET / HTTP/1.1\r\n\r\n", true},
	}
	var r Request
	for _, tt := range tests {
		deliver(&r, []byte(tt.input), roomy)
		if got := r.Started(); got != tt.want {
			t.Errorf("%q: Started %v, want %v", tt.input, got, tt.want)
		}
		r.Reset()
		if r.Started() {
			t.Errorf("%q: started after Reset", tt.input)
		}
	}
}

// Once a head is complete, or refused, Parse says the same until Reset.
func TestParseAgain(t *testing.T) {
	var r Request
	buf := []byte("GET / HTTP/1.1\r\n\r\nrest")
	for range 2 {
		if n, err := r.Parse(buf, &roomy); n != 18 || err != nil {
			t.Fatal(n, err)
		}
	}
	r.Reset()
	for range 2 {
		if n, err := r.Parse([]byte("\nGET"), &roomy); n != 0 || err == nil || err.Reason != ReasonBareLF {
			t.Fatal(n, err)
		}
	}
	r.Reset()
	if n, err := r.Parse(buf, &roomy); n != 18 || err != nil {
		t.Fatal(n, err)
	}
}

// Before its end, and after an error, a head tells what was accepted so far.
func TestUnfinishedHead(t *testing.T) {
	for _, tt := range []struct{ input, want string }{
		{"", `"" other "" "" 0`},
		{"GE", `"" other "" "" 0`},
		{"GE T", `"GE" other "" "" 0`},
		{"GET ", `"GET" GET "" "" 0`},
		{"HEAD /a", `"HEAD" HEAD "" "" 0`},
		{"HEAD a ", `"HEAD" HEAD "" "" 0`},
		{"HEAD /a?b ", `"HEAD" HEAD "/a?b" "/a" 0`},
		{"HEAD /a HTTP/2.0", `"HEAD" HEAD "/a" "/a" 0`},
		{"HEAD /a HTTP/1.1\r\nHost: b\r\nc : d", `"HEAD" HEAD "/a" "/a" 1`},
	} {
		for _, cuts := range [][]int{nil, everyCut([]byte(tt.input))} {
			var r Request
			deliver(&r, []byte("OPTIONS http://x/y?z HTTP/1.1\r\n\r\n"), roomy) // leaves nothing behind
			deliver(&r, []byte(tt.input), roomy, cuts...)
			got := fmt.Sprintf("%q %v %q %q %d", r.Method(), r.Verb(), r.Target(), r.Path(), r.Len())
			if got != tt.want {
				t.Errorf("%q: got %s, want %s", tt.input, got, tt.want)
			}
			if r.Form() != OriginForm || r.Scheme() != nil || r.Authority() != nil {
				t.Errorf("%q: %v %q %q", tt.input, r.Form(), r.Scheme(), r.Authority())
			}
		}
	}
}

func TestRebind(t *testing.T) {
	var r Request
	buf := []byte("GET /a HTTP/1.1\r\nHost: b\r\n\r\n")
	if n, err := r.Parse(buf, &roomy); n != len(buf) {
		t.Fatal(n, err)
	}
	moved := bytes.Clone(buf)
	clear(buf)
	r.Rebind(moved)
	if string(r.Path()) != "/a" || string(r.First(KnownHost)) != "b" {
		t.Errorf("after Rebind: %q %q", r.Path(), r.First(KnownHost))
	}
}

// A view cannot be used to write past itself.
func TestViewsAreClipped(t *testing.T) {
	var r Request
	buf := []byte("GET http://h/a?q HTTP/1.1\r\nHost: b\r\n\r\n")
	if n, err := r.Parse(buf, &roomy); n != len(buf) {
		t.Fatal(n, err)
	}
	name, value := r.At(0)
	for _, view := range [][]byte{name, value, r.Method(), r.Target(), r.Scheme(), r.Authority(), r.Path(), r.Query()} {
		if len(view) != cap(view) {
			t.Errorf("%q has room for %d bytes more", view, cap(view)-len(view))
		}
	}
}
