//go:build darwin || freebsd

package engine

import (
	"net"

	"github.com/pollard-go/pollard/engine/internal/netpoll"
)

// overLoops has netpoll's pollers in the place of event loops. It returns nil if
// they can't watch ln, or are not to.
func (s *Server) overLoops(ln net.Listener, _ bool) (*served, error) {
	tcp, ok := ln.(*net.TCPListener)
	if !ok || s.opts.Listen.Transport == TransportNet {
		return nil, nil
	}
	return &served{
		run: func() error {
			if err := netpoll.Serve(attachable{s}, tcp, netpoll.Unread); err != nil {
				return err
			}
			return ErrServerClosed
		},
		close: func() { _ = tcp.Close() },
	}, nil
}
