//go:build linux || darwin || freebsd

package netpoll

import (
	"net"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/carrier"
	"github.com/pollard-go/pollard/engine/internal/netpoll"
)

// Serve accepts connections from ln and has s answer on them, until s is shut down
// or closed; it then returns engine.ErrServerClosed. ln is closed in every case. One
// that is not a *net.TCPListener is served by s.Serve.
func Serve(s *engine.Server, ln net.Listener) error {
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		return s.Serve(ln)
	}
	if err := netpoll.Serve(carrier.ServerOf(s), tcp, Unread); err != nil {
		return err
	}
	return engine.ErrServerClosed
}
