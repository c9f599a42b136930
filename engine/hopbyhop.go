package engine

import (
	"iter"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/parser"
)

// EndToEndFields iterates over the fields that a proxy forwards, in the order
// received: all but Connection, those that it names, and those that are for one
// connection in any case, as RFC 9110 §7.6.1 demands: Keep-Alive,
// Proxy-Connection, TE, Transfer-Encoding and Upgrade, and the credentials for
// proxies, Proxy-Authorization and its kin (§11.7).
//
// Trailer is among them, and of use only if the trailer fields are forwarded too;
// so are Host, Expect, Content-Length, Max-Forwards and Via, which a proxy may
// have to replace. It allocates nothing.
func (r *Request) EndToEndFields() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) { r.endToEnd(yield) } // inlined, so nothing escapes
}

func (r *Request) endToEnd(yield func(name, value []byte) bool) {
	head := r.state()
	for i := range head.Len() {
		name, value := head.At(i)
		if conn.HopByHop(name) || connectionNames(head, name) {
			continue
		}
		if !yield(name, value) {
			return
		}
	}
}

// connectionNames tells whether any Connection line of the request names a field.
func connectionNames(head *parser.Request, name []byte) bool {
	if head.Count(parser.KnownConnection) == 0 {
		return false
	}
	for i := head.FirstIndex(parser.KnownConnection); i >= 0; i = head.NextKnown(parser.KnownConnection, i+1) {
		if _, value := head.At(i); conn.ConnectionNames(value, name) {
			return true
		}
	}
	return false
}

// EndToEnd tells whether a proxy forwards a field of a message that came from
// elsewhere, such as the answer of an origin server; connection are the values
// of that message's Connection fields. The rules are those of
// Request.EndToEndFields.
func EndToEnd(name string, connection []string) bool {
	if conn.HopByHop(name) {
		return false
	}
	for _, value := range connection {
		if conn.ConnectionNames(value, name) {
			return false
		}
	}
	return true
}
