// Package parser reads HTTP/1.1 request heads, chunked bodies and trailer
// sections (RFC 9112) from bytes that arrive in pieces.
package parser
