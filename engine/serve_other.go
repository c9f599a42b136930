//go:build !linux

package engine

import (
	"net"
	"syscall"
)

func (s *Server) setOptions(net.Listener, bool) error { return nil }

func (s *Server) setAccepted(net.Conn, bool) {}

func (s *Server) control(string, string, syscall.RawConn) error { return nil }

func (s *Server) deafen(net.Listener) bool { return false }

type handshake struct{}

func handshakes(net.Listener) map[handshake]struct{} { return nil }

func (s *Server) setBacklog(net.Listener) error { return nil }

type portGroup struct{}

func (s *Server) turnsAway(net.Listener) {}

func (s *Server) deafenShared(net.Listener) bool { return false }

func (s *Server) joinGroup(net.Listener) {}

func (s *Server) leaveGroup(net.Listener) {}
