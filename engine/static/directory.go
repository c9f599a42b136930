package static

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// entry is a line of a folder's page.
type entry struct {
	name     string
	folder   bool
	size     int64
	modified time.Time
}

// listBatch is how many entries are read at once: one folder may hold millions.
const listBatch = 512

// list answers with a page that lists the folder.
func (h *Handler) list(w *engine.Response, r *engine.Request, name string) {
	entries, more, err := h.entries(name)
	if err != nil {
		refuse(w, statusOf(err))
		return
	}
	// There are no validators, but "*" matches all the same.
	cond := readConditions(r)
	switch cond.evaluate(&validators{}, h.now()) {
	case preconditionFailed:
		refuse(w, 412)
	case notModified:
		h.notModified(w, &validators{})
	default:
		p := page{name: name, top: h.o.Prefix + "/", entries: entries, more: more}
		p.write(w)
	}
}

// entries reads a folder, at most Options.ListEntries of what it serves.
// Folders come first, each kind by name. more says that there are others.
func (h *Handler) entries(name string) (entries []entry, more bool, err error) {
	// A root of its own: entries are looked up in the very folder that is read.
	folder, err := h.root.OpenRoot(name)
	if err != nil {
		return nil, false, err
	}
	defer folder.Close() //nolint:errcheck // nothing was written
	f, err := folder.Open(".")
	if err != nil {
		return nil, false, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	for {
		batch, err := f.ReadDir(listBatch)
		for _, d := range batch {
			e, ok := h.entry(folder, name, d.Name())
			if !ok {
				continue
			}
			if len(entries) == h.o.ListEntries {
				more = true
				break
			}
			entries = append(entries, e)
		}
		switch {
		case more, errors.Is(err, io.EOF):
			slices.SortFunc(entries, compareEntries)
			return entries, more, nil
		case err != nil:
			return nil, false, err
		}
	}
}

// entry looks one name up. ok is false for what would not be served.
func (h *Handler) entry(folder *os.Root, parent, name string) (e entry, ok bool) {
	full := path.Join(parent, name)
	if !h.o.DotFiles && hasDotFile([]byte(full)) {
		return e, false
	}
	info, err := folder.Lstat(name)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		info, err = h.root.Stat(full) // what it leads to, unless that is out of the root
	}
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return e, false
	}
	return entry{name: name, folder: info.IsDir(), size: info.Size(), modified: info.ModTime()}, true
}

func compareEntries(a, b entry) int {
	switch {
	case a.folder && !b.folder:
		return -1
	case b.folder && !a.folder:
		return 1
	}
	return strings.Compare(a.name, b.name)
}
