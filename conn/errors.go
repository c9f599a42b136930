package conn

import "fmt"

// PeerError says what the peer did wrong, and the status that tells it so.
type PeerError struct {
	Status int    // the status that the failure deserves
	Reason string // a few words, the same for the same failure
	Offset int64  // where: bytes from the start of the head or of the body's framing; -1 if it has no place
}

func (e *PeerError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("conn: peer: %s (%d)", e.Reason, e.Status)
	}
	return fmt.Sprintf("conn: peer: %s at offset %d (%d)", e.Reason, e.Offset, e.Status)
}

// Is has errors.Is find ErrBodyTimeout in all errors of a body that came too
// late, whichever limit it was.
func (e *PeerError) Is(target error) bool { return target == ErrBodyTimeout && e.Status == 408 }

// What a handler can meet when it reads a request's body.
var (
	ErrBodyCut      = &PeerError{400, "body cut short", -1}
	ErrBodyTimeout  = &PeerError{408, "body stopped coming", -1}
	ErrBodyRate     = &PeerError{408, "body came too slowly", -1}
	ErrReceiveTime  = &PeerError{408, "request took too long", -1}
	ErrBodyTooLarge = &PeerError{413, "body too large", -1}
)

// MisuseError says what the caller did wrong. The connection's state is as if
// the call had not been made, unless the error's comment says otherwise.
type MisuseError struct{ What string }

func (e *MisuseError) Error() string { return "conn: misuse: " + e.What }

// What a caller can do wrong.
var (
	ErrStatus            = &MisuseError{"a final status is 200 to 599 or 101, an informational one 102 to 199"}
	ErrCommitted         = &MisuseError{"the head of the answer is committed"}
	ErrEnded             = &MisuseError{"the answer is complete, or there is nothing to answer"}
	ErrBodyNotAllowed    = &MisuseError{"an answer with this status, or to this method, has no content; what was written is dropped"}
	ErrContentLength     = &MisuseError{"more content than the declared Content-Length; what is beyond is dropped"}
	ErrShort             = &MisuseError{"less content than the declared Content-Length; the connection ends"}
	ErrFieldName         = &MisuseError{"a field name must be a token (RFC 9110 §5.1)"}
	ErrFieldValue        = &MisuseError{"a field value must not hold CR, LF, NUL or another control character (RFC 9110 §5.5)"}
	ErrFieldManaged      = &MisuseError{"this field is the connection's to send"}
	ErrBadContentLength  = &MisuseError{"a Content-Length is decimal digits"}
	ErrTrailerField      = &MisuseError{"this field must not be sent in a trailer section (RFC 9110 §6.5.1)"}
	ErrSegmentPending    = &MisuseError{"a borrowed segment is not sent yet"}
	ErrInformationalHTTP = &MisuseError{"an HTTP/1.0 peer gets no informational answer (RFC 9110 §15.2)"}
)

// ErrClosed is returned to a handler whose connection has ended meanwhile.
var ErrClosed = fmt.Errorf("conn: the connection has ended")
