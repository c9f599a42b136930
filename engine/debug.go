package engine

import (
	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/parser"
)

// This file is what becomes of those who use what is no longer theirs:
// Options.Debug, and what can be told without it.

// ErrDetached is returned by a Response whose answer is a Detached's.
var ErrDetached error = &conn.MisuseError{What: "the answer was detached: its content is the Detached's to write"}

// over reports that the handler has returned, so that what, a Request, a
// Response or a Body, is used too late. With Debug it panics. Without, the
// caller is to do nothing; a runner uses its call again (but see stale), so that
// this is told only until its next request.
func (k *call) over(what string) bool {
	if k.c != nil {
		return false
	}
	k.tooLate(what)
	return true
}

func (k *call) tooLate(what string) {
	if k.srv.opts.Debug {
		panic("engine: " + what + " used after its handler returned")
	}
}

// end has the Request and the Response know that they are void.
func (k *call) end() { k.c, k.req.head, k.resp.hijacked = nil, nil, false }

// stale tells, at the call's end, that it must not be that of another request:
// somebody may still have its Body, and would read what others send.
func (k *call) stale() bool { return k.srv.opts.Debug || k.req.body.lent }

// noHead is what a request has after its end.
var noHead parser.Request

// state returns the request's head.
func (r *Request) state() *parser.Request {
	if r.head != nil {
		return r.head
	}
	r.k.tooLate("Request")
	return &noHead
}

// poisonByte fills what nobody may look at any more.
const poisonByte = 0xDB

func poison(b []byte) {
	for i := range b {
		b[i] = poisonByte
	}
}
