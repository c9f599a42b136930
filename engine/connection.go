package engine

import (
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// connection is what a transport does for the request under way on one of its
// connections. Its methods are called by the goroutine that runs the handler,
// which owns the connection meanwhile. The waiting ones may block that goroutine
// and nothing else.
type connection interface {
	// now is the time since the server's epoch: when the handler began, or when it
	// last called refresh.
	now() time.Duration
	refresh()
	// returned is called when the handler has returned, before its answer is ended.
	returned()
	// notice lets what has happened meanwhile count, before the answer's head is
	// committed: that the server is shutting down, for one.
	notice()
	// pin keeps the watchdog from taking the loop, if the handler runs on one,
	// until unpin. leaveLoop lets another goroutine go on with it at once.
	pin()
	unpin()
	leaveLoop()
	// awaitInput sends what is unsent as far as possible, and returns when
	// something has been received, or the connection or its deadline has ended:
	// state's Body tells which.
	awaitInput()
	// awaitOutput returns when all output has been sent, or with the reason why
	// it can't be.
	awaitOutput() error
	// attachFile gives the file that state's WriteFile announced. It is closed
	// when it has been sent, or can't be.
	attachFile(f carrier.File, offset int64)
	// bindContext lets the context's end follow the connection's, nil unbinds.
	bindContext(c *requestContext)

	// socket is the first step of a hijack: it returns the connection's socket for
	// the handler's use, without deadlines. Until release the transport goes on as
	// before with it; closing what it returned then ends, at most, a connection that
	// has ended already. It stops reading ahead for good, if it did: what has been
	// received is told to conn.
	socket() (net.Conn, error)
	// release is the last step, after conn's Hijack: the transport cuts all ties but
	// leaves the socket open, counts the connection's end, and returns its state, at
	// a place where it lasts until the handler returns. Nothing is called after it,
	// but left when the socket is closed: until then the connection keeps its place
	// among those that are limited in number.
	release() (state *conn.Conn, left func())

	ends
	// tlsState is nil without TLS.
	tlsState() *tls.ConnectionState
}

// isMisuse tells whether the error is the handler's fault.
func isMisuse(err error) bool {
	var m *conn.MisuseError
	return errors.As(err, &m)
}
