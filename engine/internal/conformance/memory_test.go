package conformance

import (
	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/memory"
)

// serveMemory has no sockets at all.
func serveMemory(srv *engine.Server) (func() (connection, error), chan error, error) {
	ln := memory.Listen()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	return func() (connection, error) { return ln.Dial() }, served, nil
}
