package static

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// Options set a Handler up. The zero value serves the files of the root at "/",
// with index.html for folders, without listing folders, without dot files.
type Options struct {
	// Prefix is the path under which the root is served, such as "/static". A
	// request for anything else is 404. Empty: "/".
	Prefix string
	// Index is the name of the file that is served for its folder. Empty:
	// "index.html". "-": none.
	Index string
	// List answers for a folder without an index file with a page that lists it.
	// False: 404.
	List bool
	// ListEntries is how many entries of a folder a page lists; it says that
	// there are more. Zero: 10,000. Negative: an error.
	ListEntries int
	// DotFiles serves and lists names that begin with a dot, which are often not
	// meant to be seen (".git", ".env"). False: 404, but for "/.well-known"
	// (RFC 8615).
	DotFiles bool
	// CacheControl is the value of the Cache-Control field that is sent with
	// files. Empty: none, and caches judge by Last-Modified.
	CacheControl string
	// ContentTypes gives media types by extension, in lower case with its dot,
	// and comes before those that the package knows. A key of another form is an error, but
	// for "": names without an extension. Nil: none.
	ContentTypes map[string]string
}

// Handler answers from the files of a folder. It is safe for many goroutines.
type Handler struct {
	root    *os.Root
	beneath beneath
	o       Options
	now     func() time.Time
}

var _ engine.Handler = (*Handler)(nil)

const defaultListEntries = 10_000 // some 1 MB of page, up to 100 ms of work

// New returns a handler for the files of root, which stays the caller's to
// close, after the server has ended. The error names the option that is wrong.
func New(root *os.Root, o Options) (*Handler, error) {
	if root == nil {
		return nil, errors.New("static: New with a nil root")
	}
	o.Prefix = strings.TrimSuffix(o.Prefix, "/")
	if o.Prefix != "" && (o.Prefix[0] != '/' || path.Clean(o.Prefix) != o.Prefix) {
		return nil, fmt.Errorf("static: Options.Prefix: %q is no absolute path without dot segments", o.Prefix)
	}
	switch {
	case o.Index == "":
		o.Index = "index.html"
	case o.Index == "-":
		o.Index = ""
	case strings.ContainsAny(o.Index, "/\x00") || o.Index == "." || o.Index == "..":
		return nil, fmt.Errorf("static: Options.Index: %q is no file name", o.Index)
	}
	switch {
	case o.ListEntries < 0:
		return nil, fmt.Errorf("static: Options.ListEntries: %d is negative", o.ListEntries)
	case o.ListEntries == 0:
		o.ListEntries = defaultListEntries
	}
	for ext := range o.ContentTypes {
		if ext != "" && strings.LastIndexByte(ext, '.') != 0 || strings.ToLower(ext) != ext {
			return nil, fmt.Errorf("static: Options.ContentTypes: %q is no extension in lower case with its dot", ext)
		}
	}
	return &Handler{root: root, beneath: newBeneath(root), o: o, now: time.Now}, nil
}
