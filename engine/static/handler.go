package static

import (
	"github.com/pollard-go/pollard/engine"
)

// allow is sent with 405, where RFC 9110 §15.5.6 demands it, and with OPTIONS.
const allow = "GET, HEAD"

// ServeHTTP answers one request.
//
// What a request asks for is found first, and preconditions are looked at last.
// RFC 9110 §13.2.1: "A server MUST ignore all received preconditions if its
// response to the same request without those conditions, prior to processing the
// request content, would have been a status code other than a 2xx (Successful)
// or 412 (Precondition Failed)."
func (h *Handler) ServeHTTP(w *engine.Response, r *engine.Request) {
	switch string(r.Method()) {
	case "GET", "HEAD":
		h.serve(w, r)
	case "OPTIONS": // also of "*", the whole server: RFC 9110 §9.3.7
		_ = w.SetHeader("Allow", allow)
		_ = w.SetStatus(204)
	default:
		_ = w.SetHeader("Allow", allow)
		refuse(w, 405)
	}
}

// serve answers GET and HEAD. The engine drops the content of an answer to HEAD.
func (h *Handler) serve(w *engine.Response, r *engine.Request) {
	var space [pathBytes]byte
	t, status := h.locate(space[:0], r)
	if status != 0 {
		refuse(w, status)
		return
	}
	if t.folder && h.o.Index != "" {
		// Most requests for a folder want its index: look for that at once.
		var space [pathBytes]byte
		index := join(space[:0], t.name, h.o.Index)
		f, err := h.open(index)
		switch {
		case err == nil && !f.folder:
			h.serveFile(w, r, &f, index)
			return
		case err == nil:
			f.close() // a folder of that name
		case statusOf(err) != 404:
			refuse(w, statusOf(err))
			return
		}
	}
	f, err := h.open(t.name)
	if err != nil {
		refuse(w, statusOf(err))
		return
	}
	if f.folder {
		f.close()
		h.serveFolder(w, r, t)
		return
	}
	if t.folder { // "/file/": there is no such folder
		f.close()
		refuse(w, 404)
		return
	}
	h.serveFile(w, r, &f, t.name)
}

// serveFolder answers for a folder without an index file.
func (h *Handler) serveFolder(w *engine.Response, r *engine.Request, t target) {
	switch {
	case !t.folder:
		redirectToFolder(w, r)
	case !h.o.List:
		refuse(w, 404)
	default:
		// To read a large folder takes milliseconds: an event loop can't wait.
		name := string(t.name)
		engine.Pooled(engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
			h.list(w, r, name)
		})).ServeHTTP(w, r)
	}
}

// serveFile answers with a file, or with what a precondition says instead.
// It closes f.
func (h *Handler) serveFile(w *engine.Response, r *engine.Request, f *file, name []byte) {
	now := h.now()
	var space [tagBytes + valueBytes]byte
	v := validatorsOf(space[:], f.size, f.modified, now, earlier(now, w.Date()))
	cond := readConditions(r)
	switch cond.evaluate(&v, now) {
	case preconditionFailed:
		f.close()
		refuse(w, 412)
		return
	case notModified:
		f.close()
		h.notModified(w, &v)
		return
	}
	part := selection{length: f.size}
	if string(r.Method()) == "GET" { // RFC 9110 §14.2: Range is defined for GET only
		part = cond.selection(&v, now, f.size)
	}
	if part.unsatisfiable {
		f.close()
		h.unsatisfiable(w, &v, f.size)
		return
	}
	h.send(w, f, name, &v, part)
}
