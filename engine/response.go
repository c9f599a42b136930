package engine

import (
	"errors"
	"io"
	"os"
	"time"
	"unsafe"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// Response is the answer to a request. It is valid until the handler returns,
// which completes it: an answer that has not been flushed by then gets a
// Content-Length by itself.
//
// Status and fields can be changed until the head is committed: by Flush, by
// SendFile, or when more content has been written than is gathered (8 KiB). An
// HTTP/1.1 peer is then sent chunked content unless a length was declared; an
// HTTP/1.0 peer, content that ends with the connection. Date is sent by itself;
// a Content-Type is not guessed.
//
// Errors say what is wrong and change nothing: *conn.MisuseError is the
// handler's fault, ErrClosed and what the context's cause says the peer's.
type Response struct {
	k        *call
	returned bool
	detached *Detached
	hijacked bool
}

// SetStatus sets the status, 200 to 599; or 101, which Hijack sends and nothing
// else. Without it, 200.
func (w *Response) SetStatus(status int) error {
	if w.over() {
		return conn.ErrEnded
	}
	return w.k.c.SetStatus(status)
}

func (w *Response) over() bool { return w.k.over("Response") }

// Status returns the status set so far, or 200.
func (w *Response) Status() int {
	if w.over() {
		return 0
	}
	return w.k.c.Status()
}

// Written returns how many bytes of content have been accepted.
func (w *Response) Written() int64 {
	if w.over() {
		return 0
	}
	return w.k.c.Written()
}

// SetHeader gives a field a single value. CR, LF, NUL and other control
// characters are refused (conn.ErrFieldName, conn.ErrFieldValue), as are fields
// that the connection manages: Transfer-Encoding, Keep-Alive, and Connection
// with other options than "close", or "keep-alive" and "upgrade", which change nothing
// (conn.ErrFieldManaged). "Connection: close" ends the connection after this answer. "Content-Length" declares the length:
// with other content than declared the answer is cut.
func (w *Response) SetHeader(name, value string) error {
	if c := w.k.c; c != nil && !c.Committed() {
		return c.Header().Set(name, value)
	}
	return w.changeable()
}

// changeable tells why the head can't be changed, if it can't.
func (w *Response) changeable() error {
	if w.over() {
		return conn.ErrEnded
	}
	return w.k.c.Changeable()
}

// writable tells why no content can be added, as far as the connection doesn't.
func (w *Response) writable() error {
	if w.over() {
		return conn.ErrEnded
	}
	if w.detached != nil {
		return ErrDetached
	}
	return nil
}

// SetHeaderBytes is SetHeader for a value in bytes, which are copied.
func (w *Response) SetHeaderBytes(name string, value []byte) error {
	if err := w.changeable(); err != nil {
		return err
	}
	return w.k.c.Header().SetBytes(name, value)
}

// AddHeader adds a field line and keeps those of the same name.
func (w *Response) AddHeader(name, value string) error {
	if err := w.changeable(); err != nil {
		return err
	}
	return w.k.c.Header().Add(name, value)
}

// DelHeader drops all field lines of that name.
func (w *Response) DelHeader(name string) error {
	if err := w.changeable(); err != nil {
		return err
	}
	w.k.c.Header().Del(name)
	return nil
}

// Header returns the first value of a field that was set. It is valid until
// fields are changed.
func (w *Response) Header(name string) (value []byte, ok bool) {
	if w.over() {
		return nil, false
	}
	return w.k.c.Header().Get(name)
}

// SetContentLength declares the length of the content in bytes.
func (w *Response) SetContentLength(n int64) error {
	if err := w.changeable(); err != nil {
		return err
	}
	return w.k.c.Header().DeclareLength(n)
}

// Date returns the time that the answer's Date field will tell, or an earlier
// one, in whole seconds: a Last-Modified must not be later (RFC 9110 §8.8.2.1).
func (w *Response) Date() time.Time { return w.k.srv.clock.date.Load().at }

// SetTrailer sets a trailer field. It is sent only with chunked framing: to
// HTTP/1.1, when no length was declared. Otherwise it is dropped. Name it in a
// "Trailer" field before the head is committed (RFC 9110 §6.6.2).
func (w *Response) SetTrailer(name, value string) error {
	if w.over() {
		return conn.ErrEnded
	}
	return w.k.c.ResponseTrailer().Set(name, value)
}

// Informational sends an informational answer at once, such as 103 (Early
// Hints), with the given fields. HTTP/1.0 peers get none:
// conn.ErrInformationalHTTP.
//
// All of HTTP/1.1 must understand them (RFC 9110 §15.2), and some don't: nginx 1.22
// as a proxy takes a 103 for the answer and waits for its end, Varnish 7.1 answers
// 503, Python's http.client and Perl's LWP return it. So RFC 8297 §3 has a server
// send 103 only to whom it knows; browsers send "Sec-Fetch-Mode: navigate" where
// they act on it.
func (w *Response) Informational(status int, fields ...Field) error {
	if err := w.writable(); err != nil {
		return err
	}
	var h conn.Header
	for _, f := range fields {
		if err := h.Add(f.Name, f.Value); err != nil {
			return err
		}
	}
	if err := w.k.c.Informational(status, &h); err != nil {
		return err
	}
	return w.k.io.awaitOutput()
}

// Write adds content. While the peer does not read and the limit of unsent
// output is reached it blocks the handler's goroutine. What does not fit the
// status, the method or the declared length is dropped and reported. p is not
// kept.
func (w *Response) Write(p []byte) (n int, err error) {
	if c := w.k.c; c != nil && w.detached == nil && c.Gather(p) {
		return len(p), nil
	}
	if err := w.writable(); err != nil {
		return 0, err
	}
	if c := w.k.c; c.Gathers(len(p)) {
		return c.Write(p) // nothing is committed yet, nothing has to be waited for
	}
	return w.writeThrough(p)
}

// writeThrough writes what may have to be sent at once, or to wait.
func (w *Response) writeThrough(p []byte) (n int, err error) {
	c := w.k.c
	w.k.notice()
	for {
		if c.Borrowed() { // a file is still on its way
			if e := w.k.io.awaitOutput(); e != nil {
				return n, e
			}
		}
		k, err := c.Write(p[n:])
		n += k
		if c.Borrowed() || k == 0 && err == nil { // what is borrowed is the caller's again after this call, error or not
			if e := w.k.io.awaitOutput(); e != nil {
				return n, e
			}
		}
		if err != nil || n == len(p) {
			return n, err
		}
	}
}

// WriteString is Write for a string, without a copy.
func (w *Response) WriteString(s string) (n int, err error) {
	return w.Write(unsafe.Slice(unsafe.StringData(s), len(s))) // Write changes and keeps nothing
}

// ReadFrom adds all that r yields, gathered as by Write: what is to arrive at once, such
// as events, needs a Flush behind each piece. For a file SendFile is the cheaper way.
func (w *Response) ReadFrom(r io.Reader) (total int64, err error) {
	if err := w.writable(); err != nil {
		return 0, err
	}
	buf := w.k.srv.workerBuffers.take()
	defer w.k.srv.workerBuffers.give(buf)
	for {
		n, rerr := r.Read(buf)
		k, werr := w.Write(buf[:n])
		total += int64(k)
		switch {
		case werr != nil:
			return total, werr
		case errors.Is(rerr, io.EOF):
			return total, nil
		case rerr != nil:
			return total, rerr
		}
	}
}

// SendFile adds n bytes of f from offset on; a negative n is all to the end of a
// regular file (another is a *conn.MisuseError), and nothing if that is before offset.
// They leave by sendfile(2), without passing through memory of the process,
// also after the handler has returned: if f then has fewer than n, or can't be
// read, the answer is cut. What has no size beforehand, such as files of /proc, is for
// ReadFrom. If nothing was written before and no length declared, they are the
// whole content. In every case f is closed, at the latest when the connection ends.
func (w *Response) SendFile(f *os.File, offset, n int64) error {
	if w.k.c != nil && (offset < 0 || n < 0) {
		rest, err := restOf(f, offset)
		if err != nil {
			_ = f.Close()
			return err
		}
		if n < 0 {
			n = rest
		}
	}
	return w.sendFile(f, offset, n)
}

var (
	errOffset     error = &conn.MisuseError{What: "SendFile: the offset is negative"}
	errNotRegular error = &conn.MisuseError{What: "SendFile: not a regular file, so its end is not known"}
)

// restOf returns how many bytes f has from offset on.
func restOf(f *os.File, offset int64) (int64, error) {
	if offset < 0 {
		return 0, errOffset
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return 0, errNotRegular
	}
	return max(info.Size()-offset, 0), nil
}

// sendFile is SendFile for any file, of n bytes or more.
func (w *Response) sendFile(f carrier.File, offset, n int64) error {
	if w.k.c == nil {
		_ = f.Close() // before Debug panics
	}
	if err := w.writable(); err != nil {
		_ = f.Close()
		return err
	}
	c := w.k.c
	w.k.notice()
	err := error(nil)
	if c.Borrowed() {
		err = w.k.io.awaitOutput()
	}
	if err == nil {
		err = c.WriteFile(n)
	}
	if err != nil || !c.Borrowed() {
		_ = f.Close()
		return err
	}
	w.k.io.attachFile(f, offset)
	return nil
}

// Flush commits the head and sends all content so far. It blocks the handler's
// goroutine until the socket has taken it.
func (w *Response) Flush() error {
	if err := w.writable(); err != nil {
		return err
	}
	w.k.notice()
	if err := w.k.c.Flush(); err != nil {
		return err
	}
	return w.k.io.awaitOutput()
}
