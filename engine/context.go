package engine

import (
	"context"
	"errors"
)

// Why a request's context has ended (context.Cause).
var (
	ErrPeerReset      = errors.New("engine: the peer has reset the connection")
	ErrPeerEnded      = errors.New("engine: the peer has ended its side of the connection") // with HalfCloseCancel
	ErrRequestTimeout = errors.New("engine: the request has taken too long")                // Timeouts.Request
	ErrServerClosed   = errors.New("engine: server closed")                                 // also what Serve and its kin return at the end
	errAnswered       = errors.New("engine: the request has been answered")
)

// requestContext is made when a handler asks for its context.
type requestContext struct {
	context.Context
	cancel context.CancelCauseFunc
	stop   context.CancelFunc // of the deadline, if there is one
}

func newContext() *requestContext {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &requestContext{Context: ctx, cancel: cancel}
}

// Context returns a context that ends when the handler has returned, when the
// peer resets the connection (ErrPeerReset), when the connection ends because a
// read or write of the handler took too long (ErrClosed), when Timeouts.Request
// has passed (ErrRequestTimeout), or when the server is closed
// (ErrServerClosed), but not by a Shutdown that still waits: context.Cause
// tells. That the peer merely ends its side does not end it, as it may still
// read, but with HalfCloseCancel (ErrPeerEnded).
//
// After a Hijack only the handler's return and Timeouts.Request end it.
//
// While a handler in ModeInline runs, its loop sees nothing of the peer but in
// this package's own calls. A handler that does not ask pays nothing.
func (r *Request) Context() context.Context {
	if r.over() {
		ended := newContext()
		ended.cancel(errAnswered)
		return ended
	}
	if r.ctx == nil {
		r.ctx = newContext()
		if limit := r.k.srv.opts.Timeouts.Request; limit > 0 {
			at := r.k.srv.clock.at(r.k.began + limit)
			r.ctx.Context, r.ctx.stop = context.WithDeadlineCause(r.ctx.Context, at, ErrRequestTimeout)
		}
		r.k.io.bindContext(r.ctx)
	}
	return r.ctx
}

func (r *Request) endContext() {
	r.k.io.bindContext(nil)
	r.ctx.cancel(errAnswered)
	if r.ctx.stop != nil {
		r.ctx.stop()
	}
	r.ctx = nil
}
