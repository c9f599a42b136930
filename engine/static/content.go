package static

import (
	"strconv"
	"sync"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// smallBytes is up to which length a file is read and written instead of left to
// sendfile(2): it then leaves with its head in one system call. From 16 KiB on
// Response.Write doesn't copy any more and waits for the peer; sendfile goes on
// without this handler.
const smallBytes = 16<<10 - 1

var smallBuffers = sync.Pool{New: func() any { return new([smallBytes]byte) }}

// send answers with the part of f, and closes it.
func (h *Handler) send(w *engine.Response, f *file, name []byte, v *validators, part selection) {
	contentType, known := h.typeByName(name)
	if !known && part.describes() {
		var err error
		if contentType, err = sniff(f); err != nil {
			f.close()
			refuse(w, 500)
			return
		}
	}
	if part.length > smallBytes {
		h.describe(w, contentType, v, part, f.size)
		_ = carrier.SendFile(w, f.lent(), part.offset, part.length) // fails if the peer has gone
		return
	}
	buf := smallBuffers.Get().(*[smallBytes]byte)
	defer smallBuffers.Put(buf)
	content := buf[:part.length]
	_, err := f.readAt(content, part.offset)
	f.close()
	if err != nil { // also if it was cut meanwhile
		refuse(w, 500)
		return
	}
	h.describe(w, contentType, v, part, f.size)
	_, _ = w.Write(content) // fails if the peer has gone
}

// describe sets the status and the fields of an answer with content.
//
// RFC 9110 §15.3.7: a 206 has the fields that a 200 would have, but "if a 206 is
// generated in response to a request with an If-Range header field, the sender
// SHOULD NOT generate other representation header fields beyond those required,
// because the client already has a prior response containing those header
// fields."
func (h *Handler) describe(w *engine.Response, contentType string, v *validators, part selection, size int64) {
	_ = w.SetContentLength(part.length)
	if part.describes() {
		_ = w.SetHeader("Content-Type", contentType)
		// What the type says holds: a text that looks like HTML is none.
		_ = w.SetHeader("X-Content-Type-Options", "nosniff")
	}
	_ = w.SetHeader("Accept-Ranges", "bytes")
	if part.describes() {
		_ = w.SetHeaderBytes("Last-Modified", appendDate(v.spare, v.modified))
	}
	h.setValidation(w, v)
	if part.partial {
		_ = w.SetStatus(206)
		b := append(v.spare, "bytes "...)
		b = strconv.AppendInt(b, part.offset, 10)
		b = append(b, '-')
		b = strconv.AppendInt(b, part.offset+part.length-1, 10)
		_ = w.SetHeaderBytes("Content-Range", appendSize(b, size))
	}
}

// setValidation sets the fields that RFC 9110 §15.4.5 wants in a 304 as in a 200.
func (h *Handler) setValidation(w *engine.Response, v *validators) {
	if v.tag != nil {
		_ = w.SetHeaderBytes("ETag", v.tag)
	}
	if h.o.CacheControl != "" {
		_ = w.SetHeader("Cache-Control", h.o.CacheControl)
	}
}

// notModified answers 304: what the peer has is still current.
func (h *Handler) notModified(w *engine.Response, v *validators) {
	_ = w.SetStatus(304)
	h.setValidation(w, v)
}

// unsatisfiable answers 416. RFC 9110 §15.5.17: it "SHOULD generate a
// Content-Range header field specifying the current length".
func (h *Handler) unsatisfiable(w *engine.Response, v *validators, size int64) {
	var space [48]byte
	_ = w.SetHeaderBytes("Content-Range", appendSize(append(space[:0], "bytes *"...), size))
	_ = w.SetHeader("Accept-Ranges", "bytes")
	_ = w.SetHeaderBytes("ETag", v.tag)
	refuse(w, 416)
}

func appendSize(dst []byte, size int64) []byte {
	return strconv.AppendInt(append(dst, '/'), size, 10)
}
