//go:build !linux && !darwin && !freebsd

package engine

import "net"

// overLoops: there are none.
func (s *Server) overLoops(net.Listener, bool) (*served, error) { return nil, nil }
