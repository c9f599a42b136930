package parser

import "math"

const (
	// maxChunkLine bounds a chunk-size line with its extensions, in bytes
	// without CRLF. Nobody sends extensions; one that had a use was 90 bytes.
	maxChunkLine = 4096
	// maxChunkDigits bounds a chunk size: 16 digits hold any int64.
	maxChunkDigits = 16
	// maxChunkExcess bounds framing that carries too little data, in bytes:
	// see budget.
	maxChunkExcess = 16 << 10
)

// Chunked decodes the framing of a chunked message body (RFC 9112 §7.1)
// without copying: it says which bytes of the caller's buffer are data. It
// ends with the last-chunk line; the trailer section after that is for
// Trailer. Its zero value is ready for use.
type Chunked struct {
	left   int64 // the size read so far, then data still to come of the chunk
	excess int32 // framing beyond the allowance of the data it carried
	line   int16 // length of the size line so far
	digits uint8 // of the size
	stage  uint8
	err    Error
}

// Stages of chunked framing. Those of a size line come first.
const (
	chunkSize        = iota // in the size
	chunkExtBWS             // after it, or after an extension: BWS, then ';'
	chunkNameBWS            // after ';': BWS, then a name
	chunkName               // in the name
	chunkAfterName          // in BWS after the name: '=' or ';' must come
	chunkValueBWS           // after '=': BWS, then a value
	chunkToken              // in a token
	chunkQuoted             // in a quoted-string
	chunkPair               // after '\' in a quoted-string
	chunkAfterQuoted        // after the closing quote
	chunkLineLF             // at the LF of the size line
	chunkData               // in the data
	chunkCR                 // at the CR after the data
	chunkLF                 // at the LF after that
	chunkDone
)

// Reset makes d ready for the next body.
func (d *Chunked) Reset() { *d = Chunked{} }

// Next goes on with the framing at the start of buf, which holds everything
// received and not yet consumed. It returns how many bytes of framing to skip
// and how many bytes of data follow them: buf[skip:skip+data] is data. The
// caller consumes skip+data bytes, and calls again with what is left; a chunk
// need never be whole in the buffer.
//
// done says that the last-chunk line has been consumed; what follows the
// skipped bytes is the trailer section. When all results are zero, more bytes
// are needed. The offset of an error is from the start of buf (of a bare CR: that
// of the byte after it, since the CR may have been consumed); the error comes
// again on every later call until Reset.
func (d *Chunked) Next(buf []byte) (skip, data int, done bool, err *Error) {
	if d.err.Reason != 0 {
		return 0, 0, false, &d.err
	}
	for i := 0; i < len(buf); i++ {
		var why Reason
		switch d.stage {
		case chunkData:
			data = len(buf) - i
			if int64(data) >= d.left {
				data = int(d.left)
				d.stage = chunkCR
			}
			d.left -= int64(data)
			return i, data, false, nil
		case chunkCR:
			if buf[i] != '\r' {
				why = ReasonMissingChunkEnd
			}
			d.stage = chunkLF
		case chunkLF:
			if buf[i] != '\n' {
				why = ReasonBareCR
			}
			d.stage = chunkSize
		case chunkDone:
			return i, 0, true, nil
		default:
			why = d.lineByte(buf[i])
		}
		if why != 0 {
			return 0, 0, false, d.err.set(why, i)
		}
	}
	return len(buf), 0, d.stage == chunkDone, nil
}

// lineByte takes the next byte of a size line.
//
// RFC 9112 §7.1: chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF, where
// chunk-size = 1*HEXDIG. §7.1.1: chunk-ext = *( BWS ";" BWS chunk-ext-name
// [ BWS "=" BWS chunk-ext-val ] ).
func (d *Chunked) lineByte(c byte) Reason {
	if d.line >= maxChunkLine && c != '\r' && d.stage != chunkLineLF {
		return ReasonChunkLineTooLong
	}
	d.line++
	switch d.stage {
	case chunkSize:
		if v, ok := hexDigit(c); ok {
			return d.sizeDigit(v)
		}
		if d.digits == 0 {
			return orLineEnd(c, ReasonBadChunkSize)
		}
		return d.afterPart(c, ReasonBadChunkSize)
	case chunkLineLF:
		if c != '\n' {
			return ReasonBareCR
		}
		return d.endLine()
	}
	return d.extByte(c)
}

func (d *Chunked) sizeDigit(v byte) Reason {
	// RFC 9112 §7.1: "Recipients MUST anticipate potentially large hexadecimal
	// numerals and prevent parsing errors due to integer conversion overflows".
	if d.digits == maxChunkDigits || d.left > math.MaxInt64>>4 {
		return ReasonChunkSizeOverflow
	}
	d.digits++
	d.left = d.left<<4 | int64(v)
	return 0
}

// extByte takes the next byte of the extensions. They mean nothing to this
// server, but a malformed one is how requests are smuggled past a proxy that
// reads it otherwise.
func (d *Chunked) extByte(c byte) Reason {
	ows := c == ' ' || c == '\t'
	token := classes[c]&classToken != 0
	switch d.stage {
	case chunkExtBWS:
		if ows {
			return 0
		}
		if c == ';' {
			d.stage = chunkNameBWS
			return 0
		}
	case chunkNameBWS:
		if ows {
			return 0
		}
		if token {
			d.stage = chunkName
			return 0
		}
	case chunkName:
		if token {
			return 0
		}
		if c == '=' {
			d.stage = chunkValueBWS
			return 0
		}
		if ows {
			d.stage = chunkAfterName
			return 0
		}
		return d.afterPart(c, ReasonBadChunkExtension)
	case chunkAfterName:
		switch {
		case ows:
			return 0
		case c == '=':
			d.stage = chunkValueBWS
			return 0
		case c == ';':
			d.stage = chunkNameBWS
			return 0
		}
	default:
		return d.extValueByte(c, ows, token)
	}
	return orLineEnd(c, ReasonBadChunkExtension)
}

// extValueByte takes the next byte of the value of an extension: a token or a
// quoted-string.
func (d *Chunked) extValueByte(c byte, ows, token bool) Reason {
	switch d.stage {
	case chunkValueBWS:
		switch {
		case ows:
			return 0
		case c == '"':
			d.stage = chunkQuoted
			return 0
		case token:
			d.stage = chunkToken
			return 0
		}
	case chunkToken:
		if token {
			return 0
		}
		return d.afterPart(c, ReasonBadChunkExtension)
	case chunkQuoted:
		switch {
		case c == '"':
			d.stage = chunkAfterQuoted
			return 0
		case c == '\\':
			d.stage = chunkPair
			return 0
		case classes[c]&classQuoted != 0:
			return 0
		}
	case chunkPair:
		if classes[c]&classValue != 0 {
			d.stage = chunkQuoted
			return 0
		}
	case chunkAfterQuoted:
		return d.afterPart(c, ReasonBadChunkExtension)
	}
	return orLineEnd(c, ReasonBadChunkExtension)
}

// afterPart takes a byte after a complete part of a size line, where the line
// can end, go on with BWS, or start an extension.
func (d *Chunked) afterPart(c byte, otherwise Reason) Reason {
	switch c {
	case '\r':
		d.stage = chunkLineLF
	case ' ', '\t':
		d.stage = chunkExtBWS
	case ';':
		d.stage = chunkNameBWS
	default:
		return orLineEnd(c, otherwise)
	}
	return 0
}

// orLineEnd is the reason to refuse c: a line end where none can be, or
// otherwise.
func orLineEnd(c byte, otherwise Reason) Reason {
	switch c {
	case '\n':
		return ReasonBareLF
	case 0:
		return ReasonNUL
	}
	return otherwise
}

// endLine judges a size line that has ended.
//
// Many small chunks, or long extensions, make a peer's framing cost us more
// than its data is worth. As Go's net/http does, each chunk is allowed 16
// bytes of framing and twice the size of its data; what goes beyond adds up,
// what stays below pays it off, and at 16 KB the body is refused.
func (d *Chunked) endLine() Reason {
	d.excess += int32(d.line) + 2 // the CRLF after the data
	switch {
	case d.left >= maxChunkExcess:
		d.excess = 0
	default:
		d.excess = max(0, d.excess-16-2*int32(d.left))
	}
	if d.excess > maxChunkExcess {
		return ReasonChunkOverhead
	}
	d.line, d.digits = 0, 0
	d.stage = chunkData
	if d.left == 0 {
		d.stage = chunkDone
	}
	return 0
}
