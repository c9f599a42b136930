//go:build !linux && !darwin && !freebsd

package netpoll

import (
	"net"

	"github.com/pollard-go/pollard/engine"
)

// Serve is s.Serve: netpoll does not run on this system.
func Serve(s *engine.Server, ln net.Listener) error { return s.Serve(ln) }
