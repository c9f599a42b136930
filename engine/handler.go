package engine

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// A Handler answers requests. It may be called by many goroutines at once.
//
// The Request, the Response and every view taken of them are valid until
// ServeHTTP returns, which ends the answer. A handler that panics is logged and
// its request answered with status 500, or, if part of the answer has been
// committed, the connection is ended so that the peer can tell that the rest is
// missing. The server goes on.
type Handler interface {
	ServeHTTP(w *Response, r *Request)
}

// HandlerFunc makes a Handler of a function.
type HandlerFunc func(w *Response, r *Request)

// ServeHTTP calls f.
func (f HandlerFunc) ServeHTTP(w *Response, r *Request) { f(w, r) }

// Inline returns a handler that runs on the event loop even if it holds it for
// long: the watchdog of ModeAdaptive leaves it alone. It promises not to block.
// As the handler of a server it makes the mode ModeInline.
// It panics if h is nil.
func Inline(h Handler) Handler {
	mustHandle("Inline", h)
	return inlineHandler{h}
}

// mustHandle panics if there is nothing to call: each request would.
func mustHandle(what string, h Handler) {
	if f, ok := h.(HandlerFunc); h == nil || ok && f == nil {
		panic("engine: " + what + " with a nil Handler")
	}
}

type inlineHandler struct{ Handler }

func (h inlineHandler) ServeHTTP(w *Response, r *Request) {
	w.k.io.pin()
	defer w.k.io.unpin()
	h.Handler.ServeHTTP(w, r)
}

// Pooled returns a handler that never holds an event loop: before it begins,
// another goroutine goes on with the loop that called it. It panics if h is nil.
func Pooled(h Handler) Handler {
	mustHandle("Pooled", h)
	return pooledHandler{h}
}

type pooledHandler struct{ Handler }

func (h pooledHandler) ServeHTTP(w *Response, r *Request) {
	w.k.io.leaveLoop()
	h.Handler.ServeHTTP(w, r)
}

// ErrAbort is for a handler to panic with: the answer is broken off as with any
// panic, but nothing is logged.
var ErrAbort = errors.New("engine: handler aborted")

// call is one request under way, with its answer: what a Request and a Response
// have in common.
type call struct {
	srv  *Server
	io   connection
	c    *conn.Conn
	req  Request
	resp Response

	began time.Duration // when the handler was called, if the server is timed
}

// begin makes the call that of the request that is ready on c.
func (k *call) begin(c *conn.Conn, io connection) {
	if k.resp.k == nil {
		k.req.k, k.req.body.k, k.resp.k = k, k, k
	}
	k.io, k.c = io, c
	// Whatever else the last request may have left is forgotten here or, if it is
	// rare, at its end, and not written anew for each.
	k.req.head = c.Request()
	if k.req.body.viewed {
		k.req.body.viewed, k.req.body.whole = false, nil
	}
	k.resp.returned, k.resp.hijacked = false, false
	if k.resp.detached != nil {
		k.resp.detached = nil
	}
	if k.srv.timed {
		k.began = k.srv.clock.now()
	}
}

// run calls the handler and ends the answer.
func (k *call) run() {
	defer k.ended()
	k.srv.handler.ServeHTTP(&k.resp, &k.req)
	k.resp.returned = true
}

// notice is called before what may commit the answer's head.
func (k *call) notice() {
	if !k.c.Committed() {
		k.io.notice()
	}
}

// ended is deferred, so that it is reached in every case.
func (k *call) ended() {
	var failed any
	if !k.resp.returned {
		// A panic, or runtime.Goexit, which recover doesn't see. Whoever is told of
		// it may block, so the loop is not taken back before.
		if failed = recover(); failed == error(ErrAbort) {
			failed = nil
		}
		if failed != nil {
			k.panicked(failed)
		}
	}
	if k.srv.opts.Hooks.RequestDone != nil && !k.resp.hijacked && (!k.resp.returned || k.resp.detached == nil) {
		k.recorded(!k.resp.returned) // by the handler's goroutine, as a part of it
	}
	k.io.returned()
	if k.req.ctx != nil {
		k.req.endContext()
	}
	if k.req.body.gathered != nil {
		k.req.body.release()
	}
	if k.resp.returned && k.resp.detached != nil {
		return
	}
	if k.resp.returned {
		if err := k.c.End(k.io.now()); err != nil {
			k.misused(err)
		}
		return
	}
	k.c.Abort(k.io.now())
	if d := k.resp.detached; d != nil {
		d.err, k.resp.detached = ErrClosed, nil
		d.ctx.end(ErrClosed)
		d.mu.Unlock()
	}
	if failed != nil && k.srv.opts.Panic == PanicCrash {
		panic(failed)
	}
}

// panicked tells the hook, or the log.
func (k *call) panicked(v any) {
	stack := debug.Stack()
	if k.srv.opts.Hooks.Panicked != nil {
		k.srv.hookHandlerPanicked(Panic{Value: v, Stack: stack, Method: string(k.req.Method()), Target: string(k.req.Target())})
		return
	}
	k.srv.opts.Logger.Error("engine: handler panicked",
		"panic", fmt.Sprint(v), "request", k.req.String(), "stack", string(stack))
}

// misused logs what the handler can't be told any more: it has returned.
func (k *call) misused(err error) {
	if isMisuse(err) {
		k.srv.opts.Logger.Warn("engine: handler", "error", err.Error(), "request", k.req.String())
	}
}
