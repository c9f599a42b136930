//go:build linux || darwin || freebsd

package conformance

import (
	"net"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/netpoll"
)

func serveNetpoll(srv *engine.Server) (func() (connection, error), chan error, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	served := make(chan error, 1)
	go func() { served <- netpoll.Serve(srv, ln) }()
	return dialTCP(ln.Addr().String()), served, nil
}
