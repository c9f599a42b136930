//go:build !linux

package engine

// epoll is nothing where there is none.
type epoll struct{}

// hasLoops says that there are event loops on this system.
const hasLoops = false

func (s *Server) startLoops() error { return nil }

func (s *Server) endLoops(ending) {}

func (s *Server) addCrew(*Stats) {}
