//go:build !linux

package engine

import (
	"errors"
	"net"
)

var errNoTransport = errors.New("engine: Serve: no transport for this system yet")

// Serve accepts connections from ln and answers on them until the server is
// shut down or closed.
func (s *Server) Serve(ln net.Listener) error {
	_ = ln.Close()
	return errNoTransport
}

// ListenAndServe listens on Options.Addr and serves, as Serve does.
func (s *Server) ListenAndServe() error { return errNoTransport }
