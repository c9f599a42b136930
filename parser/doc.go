// Package parser reads HTTP/1.1 request heads, chunked bodies and trailer
// sections (RFC 9112) from bytes that arrive in pieces.
//
// # Contract
//
// Bytes in, views and offsets out. The caller owns every buffer. The parser
// copies nothing but the section that it is asked to Remember, reads no clock,
// imports nothing of this module, and allocates nothing, with two exceptions: a
// section of more than 64 field lines grows a slice that is then kept (see
// Fields), and so does a first section that is remembered.
//
// Every parser answers in one of three ways: done, with the number of bytes
// that belonged to it; more bytes needed; or an *Error with the status to
// answer, the Reason and the place. It resumes where it stopped, so that the
// time is linear in the bytes however they are delivered. An error comes as
// soon as the bytes at hand cannot become an acceptable message. What is
// answered in the end depends on the bytes and the limits alone, not on how the
// bytes were split.
//
// Views ([]byte results) are of the buffer last given to Parse or Rebind. They
// live as long as its bytes stay in place, and no longer than the next Reset.
//
// No value of this package may be used by two goroutines at once.
//
// # A connection's use of it
//
//	          Request.Parse              no body
//	bytes ──► request line, field lines ─────────────────────────► next head
//	             │ chunked                                             ▲
//	             ▼                    done                     n > 0   │
//	          Chunked.Next: skip, data ────► Trailer.Parse ────────────┘
//
// Request.Parse is given all bytes of the head each time, Trailer.Parse all of
// the section; Chunked.Next is given what has not been consumed.
//
// # Strictness
//
// There are no switches for leniency: where RFC 9112 lets a server either
// refuse or repair, this one refuses, since what one reader repairs another
// reads otherwise, and between the two fits a smuggled request. A line ends
// with CRLF; bare CR, bare LF and NUL are refused everywhere; so are folded
// lines, whitespace before a colon or before the first field line, and
// anything but single spaces in the request line. The forgiving of the rules
// that remain: up to four empty lines before a request line, obs-text in field
// values, and empty elements of lists.
//
// What fields mean is not judged here: how many Host lines there are, whether
// a Content-Length is a number, which codings are known. The functions on
// values (ContentLength, ValidHost, NextToken, EqualFold) are for whoever does.
//
// # Map
//
//	request.go   Request: the request line, resumable
//	target.go    the four forms of a request target
//	verb.go      Verb: methods as small numbers
//	fields.go    Fields: field lines, resumable; look-up
//	known.go     Known: names recognised on the way
//	whole.go     the fast path: ordinary lines that are whole
//	repeat.go    sections that are the one before: clients that pipeline
//	trailer.go   Trailer
//	chunked.go   Chunked: framing of a chunked body
//	scan.go      eight bytes at a time; classes of bytes
//	limits.go    Limits
//	errors.go    Error, Reason: what is wrong, and the status for it
//	values.go    numbers, tokens, field values
//	list.go      comma-separated lists
//	host.go      Host and authorities
//	percent.go   percent-encoding, queries
//	cookie.go    the pairs of a Cookie field
package parser
