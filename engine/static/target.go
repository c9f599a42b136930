package static

import (
	"bytes"
	"path"

	"github.com/pollard-go/pollard/engine"
)

// target is what a request asks for.
type target struct {
	name   []byte // for the root: relative, without dot segments; "." is the root itself
	folder bool   // the path ends like that of a folder
}

// pathBytes are for a path without an allocation.
const pathBytes = 256

// locate finds the name for the request's path, a view of space if that is
// enough. It returns a status that is not zero if there can be none.
func (h *Handler) locate(space []byte, r *engine.Request) (t target, status int) {
	p, ok := r.AppendPath(space[:0])
	if !ok || len(p) == 0 || p[0] != '/' {
		return t, 400
	}
	// RFC 3986 §5.2.4: "/a/." and "/a/b/.." stand for "/a/".
	t.folder = endsWith(p, "/") || endsWith(p, "/.") || endsWith(p, "/..")
	p = cleaned(p)
	if len(p) < len(h.o.Prefix) || string(p[:len(h.o.Prefix)]) != h.o.Prefix {
		return t, 404
	}
	rest := p[len(h.o.Prefix):]
	switch {
	case len(rest) == 0 || string(rest) == "/":
		t.name = append(space[:0], '.')
		return t, 0
	case rest[0] != '/': // the prefix ends within a segment
		return t, 404
	}
	t.name = rest[1:]
	if !h.o.DotFiles && hasDotFile(t.name) {
		return t, 404
	}
	return t, 0
}

func endsWith(p []byte, end string) bool {
	return len(p) >= len(end) && string(p[len(p)-len(end):]) == end
}

// cleaned is path.Clean of an absolute path. Nothing is above "/", so the result
// never leads out of the root; os.Root would refuse it besides.
func cleaned(p []byte) []byte {
	if bytes.Contains(p, []byte("//")) || bytes.Contains(p, []byte("/.")) {
		return []byte(path.Clean(string(p)))
	}
	if len(p) > 1 && endsWith(p, "/") {
		return p[:len(p)-1]
	}
	return p
}

// join appends the name of an entry of a folder.
func join(dst, folder []byte, entry string) []byte {
	if string(folder) == "." {
		return append(dst, entry...)
	}
	return append(append(append(dst, folder...), '/'), entry...)
}

// hasDotFile tells whether a segment of name is hidden.
func hasDotFile(name []byte) bool {
	if wellKnown, rest, _ := bytes.Cut(name, []byte("/")); string(wellKnown) == ".well-known" {
		name = rest
	}
	return bytes.HasPrefix(name, []byte(".")) || bytes.Contains(name, []byte("/."))
}
