package engine

import (
	"fmt"

	"github.com/pollard-go/pollard/conn"
)

// Reset forgets the status, the fields, the content and the trailer section that
// the answer has so far, for a handler that fails halfway and has something else to
// say. The error says why that can't be: conn.ErrCommitted if some of it may have left.
func (w *Response) Reset() error {
	if err := w.changeable(); err != nil {
		return err
	}
	if w.detached != nil {
		return ErrDetached
	}
	return w.k.c.ForgetAnswer()
}

// Error makes the answer one line of plain text with that status, as a refusal
// mostly is. Fields that describe other content, or how long to keep it, are
// dropped, the others stay. What the peer sent does not belong into the text as it
// is. To HEAD the text counts and is not sent. The errors are those of
// SetStatus, SetHeader and Write, and conn.ErrWritten if the answer has content
// already: Reset forgets it.
func (w *Response) Error(status int, text string) error {
	if err := w.untouched(); err != nil {
		return err
	}
	if err := w.SetStatus(status); err != nil {
		return err
	}
	for _, name := range [...]string{"Cache-Control", "Content-Encoding", "Content-Length", "Content-Range", "ETag", "Last-Modified"} {
		_ = w.DelHeader(name) // it can be: see above
	}
	_ = w.SetHeader("Content-Type", "text/plain; charset=utf-8")
	_ = w.SetHeader("X-Content-Type-Options", "nosniff")
	if _, err := w.WriteString(text); err != nil {
		return err
	}
	_, err := w.WriteString("\n")
	return err
}

// Redirect makes the answer one that sends the peer to location, which is a URI
// reference, absolute or relative to the request's target (RFC 9110 §10.2.2). status
// is 301, 302, 303, 307 or 308; another is an error that wraps conn.ErrStatus. A
// location is sent as it is: what a URI must not hold has to be percent-encoded by
// the caller. What the peer sent does not belong into one as it is either: "//host"
// is another host. The other errors are those of SetHeader, and conn.ErrWritten if
// the answer has content already.
func (w *Response) Redirect(status int, location string) error {
	switch status {
	case 301, 302, 303, 307, 308:
	default:
		return fmt.Errorf("engine: Redirect with status %d, which is none of 301, 302, 303, 307 and 308: %w", status, conn.ErrStatus)
	}
	if err := w.untouched(); err != nil {
		return err
	}
	if err := w.SetHeader("Location", location); err != nil {
		return err
	}
	return w.SetStatus(status)
}

// untouched tells why an answer can't be made another one, if it can't.
func (w *Response) untouched() error {
	if err := w.changeable(); err != nil {
		return err
	}
	if w.k.c.Written() > 0 {
		return conn.ErrWritten
	}
	return nil
}
