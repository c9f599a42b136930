package static

import (
	"bytes"

	"github.com/pollard-go/pollard/engine"
)

// refusals are the texts of the statuses that are refusals. They say nothing of
// the request: an echo could carry script.
var refusals = map[int]string{
	400: "400 Bad Request: the path can't be decoded\n",
	403: "403 Forbidden\n",
	404: "404 Not Found\n",
	405: "405 Method Not Allowed\n",
	412: "412 Precondition Failed\n",
	416: "416 Range Not Satisfiable\n",
	500: "500 Internal Server Error\n",
	503: "503 Service Unavailable\n",
}

// refuse answers with a status and a line of text. Errors of the response are
// those of a peer that has gone: there is nobody to tell.
func refuse(w *engine.Response, status int) {
	_ = w.SetStatus(status)
	_ = w.SetHeader("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.WriteString(refusals[status])
}

// redirectToFolder sends the peer from "/folder" to "/folder/", without which
// relative references in the page would lead astray.
//
// The reference is relative: it holds wherever a proxy has put the folder. It
// is made of the last segment as it was sent, so that it means the same to the
// peer, with "./" before it, so that it can't be taken for a scheme ("a:b") or
// for another host ("//evil").
func redirectToFolder(w *engine.Response, r *engine.Request) {
	p := r.Path()
	last := p[bytes.LastIndexByte(p, '/')+1:]
	location := append(make([]byte, 0, 128), "./"...)
	location = appendReference(location, last)
	location = append(location, '/')
	if q := r.Query(); len(q) > 0 {
		location = append(location, '?')
		location = appendReference(location, q)
	}
	_ = w.SetStatus(301)
	_ = w.SetHeaderBytes("Location", location)
	_ = w.SetHeader("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.WriteString("301 Moved Permanently: this folder's path ends with a slash\n")
}

// appendReference appends what is percent-encoded already, and encodes what
// should have been: a browser would make a slash of a backslash.
func appendReference(dst, s []byte) []byte {
	for _, c := range s {
		if isPathByte(c) || bytes.IndexByte([]byte("%/?&'"), c) >= 0 {
			dst = append(dst, c)
		} else {
			dst = appendEscape(dst, c)
		}
	}
	return dst
}

// appendSegment appends a file's name as one segment of a path.
func appendSegment(dst []byte, name string) []byte {
	for i := range len(name) {
		if c := name[i]; isPathByte(c) {
			dst = append(dst, c)
		} else {
			dst = appendEscape(dst, c)
		}
	}
	return dst
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789ABCDEF"
	return append(dst, '%', hex[c>>4], hex[c&15])
}

// isPathByte tells what stands for itself in a segment: pchar of RFC 3986 §3.3,
// but "'" and "&", which mean something in HTML.
func isPathByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return bytes.IndexByte([]byte("-._~!$()*+,;=:@"), c) >= 0
}
