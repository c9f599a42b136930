package static

import (
	"strings"
	"testing"
)

func TestContentType(t *testing.T) {
	s := newSite(t, Options{ContentTypes: map[string]string{".foo": "application/x-foo", ".css": "text/x-mine"}})
	for _, c := range []struct{ name, content, want string }{
		{"a.html", "", "text/html; charset=utf-8"},
		{"a.HTML", "", "text/html; charset=utf-8"},
		{"a.js", "", "text/javascript; charset=utf-8"},
		{"a.css", "", "text/x-mine"},
		{"a.json", "", "application/json"},
		{"a.svg", "", "image/svg+xml"},
		{"a.png", "", "image/png"},
		{"a.woff2", "", "font/woff2"},
		{"a.wasm", "", "application/wasm"},
		{"a.tar.gz", "", "application/gzip"},
		{"a.txt", "\x00", plainText},
		{"a.foo", "", "application/x-foo"},
		{"a.FOO", "", "application/x-foo"},
		// Without a known extension text is told from bytes, and no more.
		{"LICENSE", "text\r\n\twith ünïcode", plainText},
		{"empty", "", plainText},
		{"main.go", "package main\n", plainText},
		{"page", "<!DOCTYPE html><script>alert(1)</script>", plainText},
		{"program", "\x7fELF\x02\x01\x00", bytesType},
		{"latin1", "caf\xe9 noir", bytesType},
		{"nul", "a\x00b", bytesType},
		{"bell", "a\ab", bytesType},
		{"cut", strings.Repeat("x", sniffBytes-1) + "é and more", plainText}, // cut within a character
		{"broken", strings.Repeat("x", sniffBytes-1) + "\xff and more", bytesType},
		{"ends", "caf\xc3", bytesType},
		{"later", strings.Repeat("x", sniffBytes) + "\x00", plainText},
	} {
		s.file(c.name, c.content)
		a := s.status(200, "GET", "/"+c.name)
		s.field(a, "Content-Type", c.want)
		s.field(a, "X-Content-Type-Options", "nosniff")
	}
}
