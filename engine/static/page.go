package static

import (
	"html"
	"strconv"
	"strings"

	"github.com/pollard-go/pollard/engine"
)

// page is the HTML of a folder's list. It needs nothing but itself: no script,
// no font, no image, and its policy lets none in.
type page struct {
	name    string // of the folder, for the root
	top     string // the path of the root
	entries []entry
	more    bool // than entries holds
}

const (
	pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

	pageStyle = `:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.25rem;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.15rem .75rem .15rem 0;border-bottom:1px solid color-mix(in srgb,currentColor 15%,transparent)}
td:first-child{overflow-wrap:anywhere}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
a{text-decoration:none}a:hover{text-decoration:underline}`
)

// write sends the page, row by row: it may be long.
func (p *page) write(w *engine.Response) {
	_ = w.SetHeader("Content-Type", "text/html; charset=utf-8")
	_ = w.SetHeader("X-Content-Type-Options", "nosniff")
	_ = w.SetHeader("Content-Security-Policy", pagePolicy)
	_ = w.SetHeader("Cache-Control", "no-cache") // it has no validators
	b := p.appendHead(make([]byte, 0, 4<<10))
	for i := range p.entries {
		b = p.entries[i].appendRow(b)
		if len(b) > 3<<10 {
			if _, err := w.Write(b); err != nil {
				return // the peer has gone
			}
			b = b[:0]
		}
	}
	_, _ = w.Write(p.appendFoot(b))
}

func (p *page) appendHead(b []byte) []byte {
	path := p.top
	if p.name != "." {
		path += p.name + "/"
	}
	title := escaped(path)
	b = append(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"...)
	b = append(b, "<meta name=\"viewport\" content=\"width=device-width\">\n<title>"...)
	b = append(b, title...)
	b = append(b, "</title>\n<style>\n"+pageStyle+"\n</style>\n</head>\n<body>\n<h1>"...)
	b = append(b, title...)
	b = append(b, "</h1>\n<table>\n<thead><tr><th>Name</th><th class=\"n\">Bytes</th><th class=\"n\">Modified (UTC)</th></tr></thead>\n<tbody>\n"...)
	if p.name != "." {
		b = append(b, "<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n"...)
	}
	return b
}

// appendRow appends a line. The reference begins with "./", so that no name can
// be taken for a scheme ("javascript:x").
func (e *entry) appendRow(b []byte) []byte {
	slash := ""
	if e.folder {
		slash = "/"
	}
	b = append(b, "<tr><td><a href=\"./"...)
	b = appendSegment(b, e.name)
	b = append(b, slash...)
	b = append(b, "\">"...)
	b = append(b, escaped(e.name)...)
	b = append(b, slash...)
	b = append(b, "</a></td><td class=\"n\">"...)
	if !e.folder {
		b = strconv.AppendInt(b, e.size, 10)
	}
	b = append(b, "</td><td class=\"n\">"...)
	b = e.modified.UTC().AppendFormat(b, "2006-01-02 15:04:05")
	return append(b, "</td></tr>\n"...)
}

func (p *page) appendFoot(b []byte) []byte {
	b = append(b, "</tbody>\n</table>\n"...)
	switch {
	case p.more:
		b = append(b, "<p>There are more entries than the "...)
		b = strconv.AppendInt(b, int64(len(p.entries)), 10)
		b = append(b, " listed here.</p>\n"...)
	case len(p.entries) == 0:
		b = append(b, "<p>This folder is empty.</p>\n"...)
	}
	return append(b, "</body>\n</html>\n"...)
}

// escaped makes text of a name, which can be any bytes.
func escaped(name string) string {
	return html.EscapeString(strings.Map(visible, strings.ToValidUTF8(name, "\uFFFD")))
}

// visible replaces control characters, and those that turn the direction of
// what follows, by which a name could pass for another.
func visible(c rune) rune {
	switch {
	case c < ' ', c >= 0x7f && c < 0xa0, c >= 0x202a && c <= 0x202e, c >= 0x2066 && c <= 0x2069:
		return '\uFFFD'
	}
	return c
}
