package engine

import (
	"iter"
	"strings"

	"github.com/pollard-go/pollard/parser"
)

// QueryValue returns the first value of a query parameter, decoded.
func (r *Request) QueryValue(name string) (value string, ok bool) {
	for rest := r.state().Query(); ; {
		var k, v []byte
		if k, v, rest, ok = parser.NextParam(rest); !ok {
			return "", false
		}
		if string(k) != name {
			d, valid := parser.AppendDecodedQuery(nil, k)
			if !valid || string(d) != name {
				continue
			}
		}
		d, valid := parser.AppendDecodedQuery(nil, v)
		return string(d), valid
	}
}

// FieldValues iterates over the values of all fields of that name, in any case, in
// the order received: a list may come in several lines (RFC 9110 §5.3). It
// allocates nothing.
func (r *Request) FieldValues(name string) iter.Seq[[]byte] {
	return func(yield func(value []byte) bool) {
		f := &r.state().Fields
		for i := f.Next(name, 0); i >= 0; i = f.Next(name, i+1) {
			if _, value := f.At(i); !yield(value) {
				return
			}
		}
	}
}

// Cookie returns the value of the first cookie of that name (RFC 6265 §5.4), as
// sent: quotes and escapes are a part of it. Names are case-sensitive. It
// allocates nothing. To set one, add a "Set-Cookie" field.
func (r *Request) Cookie(name string) (value []byte, ok bool) {
	for cookies := range r.FieldValues("Cookie") {
		for {
			var k, v []byte
			if k, v, cookies, ok = parser.NextCookie(cookies); !ok {
				break
			}
			if string(k) == name {
				return v, true
			}
		}
	}
	return nil, false
}

// Field returns the value of the first field of that name, in any case.
func (h *Head) Field(name string) (value string, ok bool) {
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value, true
		}
	}
	return "", false
}
