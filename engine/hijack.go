package engine

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// ErrHijacked is what a Response returns after Hijack: there is nothing to
// answer any more.
var ErrHijacked error = conn.ErrHijacked

// Hijack takes the connection from the server and gives it to the handler, for
// protocols that are not HTTP. With status 101 (SetStatus) the head of the answer
// is sent first, with the fields that were set; they must name in Upgrade a
// protocol that the request's Upgrade offers and its Connection announces (RFC
// 9110 §7.8), and the request's body must have been read. With any other status
// nothing is sent, and fields are forgotten: the handler writes what it likes. So
// look at SetStatus's error: to HTTP/1.0 there is no 101. Answers to earlier
// requests of the connection are sent in any case; Hijack waits for that.
//
// Reading from the net.Conn first gives what had been received already, which
// begins with what is unread of the request's body, framed as it came. It has no
// deadlines set, and besides the methods of net.Conn it has CloseWrite, ReadFrom,
// WriteTo, and NetConn, which returns the connection beneath it (a *net.TCPConn
// or *net.UnixConn on an event loop, a *tls.Conn with TLS): who reads from that one by itself misses
// what had been received.
//
// It must be closed (that of a net.Conn which is forgotten is left to the garbage
// collector). It is valid after the handler has returned; a handler that
// goes on with it itself holds a goroutine of Dispatch.Workers and the request's
// buffers, so a long life is better spent on a goroutine of its own. The Request
// is valid until the handler returns, but for the rest of its body. The server
// does not close the connection, not even when the handler panics, Shutdown does
// not wait for it (but see CloseOptions.WaitHijacked), and no timeout applies. Until
// it is closed it has its place in Limits.Connections and ClientConnections, and
// Stats.States counts it. Hooks are told of its end at the hijack.
//
// The errors: conn.ErrCommitted and conn.ErrWritten when an answer has begun,
// conn.ErrBodyUnread and conn.ErrUpgrade for status 101, ErrHijacked the second
// time, ErrDetached, conn.ErrEnded after the handler has returned, ErrClosed when
// the connection or the request's body has broken, or the system's. After all of
// them the connection is as before: answer, if it isn't ErrClosed.
func (w *Response) Hijack() (net.Conn, error) {
	if w.over() {
		return nil, conn.ErrEnded
	}
	if w.detached != nil {
		return nil, ErrDetached
	}
	k := w.k
	k.notice()
	if err := k.c.Hijackable(); err != nil {
		return nil, err
	}
	socket, err := k.io.socket()
	if err != nil {
		return nil, fmt.Errorf("engine: Hijack: %w", err)
	}
	k.c.SwitchProtocols()
	if err := k.io.awaitOutput(); err != nil {
		_ = socket.Close()
		return nil, err
	}
	k.taken()
	h := &hijackedConn{Conn: socket, early: bytes.Clone(k.c.Hijack())}
	h.some.Store(len(h.early) > 0)
	carrier := &hijackedCarrier{peer: k.io.remote(), here: k.io.local(), number: k.io.id(), tls: k.io.tlsState()}
	h.place = &hijackedPlace{srv: k.srv}
	k.srv.hijackedOpen.Add(1)
	k.c, h.place.left = k.io.release()
	k.io, w.hijacked = carrier, true
	if !k.srv.opts.Close.WaitHijacked {
		k.srv.connectionEnded()
	}
	runtime.AddCleanup(h, (*hijackedPlace).giveUp, h.place) // the socket has one of its own
	return h, nil
}

// hijackedPlace is what the server still has of a hijacked connection.
type hijackedPlace struct {
	srv   *Server
	left  func() // see connection.release
	given atomic.Bool
}

// giveUp is called when the connection is closed, or forgotten.
func (p *hijackedPlace) giveUp() {
	if p.given.Swap(true) {
		return
	}
	p.left()
	p.srv.hijackedOpen.Add(-1)
	if p.srv.opts.Close.WaitHijacked {
		p.srv.connectionEnded()
	}
}

// hijackedConn is a connection that a handler has taken.
type hijackedConn struct {
	net.Conn
	place *hijackedPlace

	some  atomic.Bool // early is not empty: spares the lock afterwards
	mu    sync.Mutex
	early []byte // received before the hijack and not read yet
}

// Read gives what was received before the hijack, then what comes.
func (h *hijackedConn) Read(p []byte) (int, error) {
	if n := h.readEarly(p); n > 0 {
		return n, nil
	}
	return h.Conn.Read(p)
}

func (h *hijackedConn) readEarly(p []byte) int {
	if !h.some.Load() {
		return 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	n := copy(p, h.early)
	if h.early = h.early[n:]; len(h.early) == 0 {
		h.early = nil
		h.some.Store(false)
	}
	return n
}

// WriteTo copies all that comes to w, for io.Copy: between sockets it doesn't
// pass through the process, where the system can do so.
func (h *hijackedConn) WriteTo(w io.Writer) (total int64, err error) {
	if h.some.Load() {
		h.mu.Lock()
		n, err := w.Write(h.early)
		h.early = h.early[n:]
		h.some.Store(len(h.early) > 0)
		h.mu.Unlock()
		if total = int64(n); err != nil {
			return total, err
		}
	}
	n, err := io.Copy(w, h.Conn)
	return total + n, err
}

// ReadFrom sends all of r, for io.Copy.
func (h *hijackedConn) ReadFrom(r io.Reader) (int64, error) { return io.Copy(h.Conn, r) }

// CloseWrite ends our side of the connection.
func (h *hijackedConn) CloseWrite() error {
	if c, ok := h.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return fmt.Errorf("engine: CloseWrite of a %T: %w", h.Conn, errors.ErrUnsupported)
}

// NetConn returns the connection beneath.
func (h *hijackedConn) NetConn() net.Conn { return h.Conn }

func (h *hijackedConn) Close() error {
	err := h.Conn.Close()
	h.place.giveUp()
	return err
}

// hijackedCarrier is the connection of a request whose transport has been left.
type hijackedCarrier struct {
	peer, here netip.AddrPort
	number     uint64
	tls        *tls.ConnectionState
}

func (*hijackedCarrier) now() time.Duration                 { return 0 }
func (*hijackedCarrier) refresh()                           {}
func (*hijackedCarrier) returned()                          {}
func (*hijackedCarrier) notice()                            {}
func (*hijackedCarrier) pin()                               {}
func (*hijackedCarrier) unpin()                             {}
func (*hijackedCarrier) leaveLoop()                         {}
func (*hijackedCarrier) awaitInput()                        {}
func (*hijackedCarrier) awaitOutput() error                 { return ErrHijacked }
func (*hijackedCarrier) attachFile(f carrier.File, _ int64) { _ = f.Close() }
func (*hijackedCarrier) bindContext(*requestContext)        {}
func (*hijackedCarrier) socket() (net.Conn, error)          { return nil, ErrHijacked }
func (*hijackedCarrier) release() (*conn.Conn, func())      { panic("engine: released twice") }
func (h *hijackedCarrier) tlsState() *tls.ConnectionState   { return h.tls }
func (h *hijackedCarrier) remote() netip.AddrPort           { return h.peer }
func (h *hijackedCarrier) local() netip.AddrPort            { return h.here }
func (h *hijackedCarrier) id() uint64                       { return h.number }
