package static

import (
	"path"
	"strings"

	"github.com/pollard-go/pollard/engine"
)

// target is what a request asks for.
type target struct {
	name   string // for the root: relative, without dot segments; "." is the root itself
	folder bool   // the path ends like that of a folder
}

// locate finds the name for the request's path. It returns a status that is not
// zero if there can be none.
func (h *Handler) locate(r *engine.Request) (t target, status int) {
	var space [256]byte
	decoded, ok := r.AppendPath(space[:0])
	if !ok || len(decoded) == 0 || decoded[0] != '/' {
		return t, 400
	}
	p := string(decoded)
	// RFC 3986 §5.2.4: "/a/." and "/a/b/.." stand for "/a/".
	t.folder = strings.HasSuffix(p, "/") || strings.HasSuffix(p, "/.") || strings.HasSuffix(p, "/..")
	p = cleaned(p)
	rest, ok := strings.CutPrefix(p, h.o.Prefix)
	switch {
	case !ok:
		return t, 404
	case rest == "" || rest == "/":
		t.name = "."
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

// cleaned removes dot segments and doubled slashes. Nothing is above "/", so
// the result never leads out of the root; os.Root would refuse it besides.
func cleaned(p string) string {
	if strings.HasPrefix(p, "/") {
		return path.Clean(p) // p itself, if there is nothing to clean
	}
	return path.Clean("/" + p)
}

// join names an entry of a folder.
func join(folder, entry string) string {
	if folder == "." {
		return entry
	}
	return folder + "/" + entry
}

// hasDotFile tells whether a segment of name is hidden.
func hasDotFile(name string) bool {
	if wellKnown, rest, _ := strings.Cut(name, "/"); wellKnown == ".well-known" {
		name = rest
	}
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}
