package engine

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// overLoops prepares ln for event loops. It returns nil if they can't watch it, or
// are not to.
func (s *Server) overLoops(ln net.Listener, ours bool) (*served, error) {
	if s.opts.Listen.Transport == TransportNet {
		return nil, nil
	}
	switch ln.(type) {
	case *net.TCPListener, *net.UnixListener:
	default:
		return nil, nil
	}
	l, err := s.openListener(ln, ours || s.opts.Listen.Exclusive)
	if err != nil {
		return nil, err
	}
	return &served{run: func() error { return s.serve(l) }, close: l.close}, nil
}

// setOptions sets those of a listener that loops don't watch.
func (s *Server) setOptions(ln net.Listener, exclusive bool) error {
	t, ok := ln.(*net.TCPListener)
	if !ok {
		return nil
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return err
	}
	cerr := raw.Control(func(fd uintptr) { err = s.opts.Listen.applyTo(int(fd), &s.given.Listen, exclusive) })
	return errors.Join(cerr, err)
}

// setAccepted sets what a connection from a listener that loops don't watch has not
// inherited from it. ours says that the server has opened the listener.
func (s *Server) setAccepted(nc net.Conn, ours bool) {
	t, ok := nc.(*net.TCPConn)
	if o := &s.opts.Listen; !ok || ours && !o.QuickAck && !o.Nagle {
		return
	}
	if raw, err := t.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { s.opts.Listen.applyToAccepted(int(fd), !ours) })
	}
}

// serve serves on a prepared listener.
func (s *Server) serve(l *listener) error {
	if err := s.start(); err != nil {
		l.close()
		return err
	}
	if err := s.watch(l); err != nil {
		return err
	}
	<-l.done
	if s.ending.Load() {
		return ErrServerClosed
	}
	return fmt.Errorf("engine: Serve: the listener %s can't be watched", l.net.Addr())
}

// watch gives the listener to a loop.
func (s *Server) watch(l *listener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		l.close()
		return ErrServerClosed
	}
	l.loop = s.loops[s.nextLoop%len(s.loops)]
	s.nextLoop++
	s.listeners = append(s.listeners, l)
	s.portGroup.join(l.fd)
	l.loop.post(message{kind: watch, listener: l})
	return nil
}

// control sets the options that must be set before bind, and the others, so that
// no connection comes before them.
func (s *Server) control(network, _ string, c syscall.RawConn) (err error) {
	if strings.HasPrefix(network, "unix") {
		return nil
	}
	cerr := c.Control(func(fd uintptr) {
		if s.opts.Listen.ReusePort {
			err = os.NewSyscallError("setsockopt SO_REUSEPORT", unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
		}
		err = errors.Join(err, s.opts.Listen.applyTo(int(fd), &s.given.Listen, true))
	})
	return errors.Join(cerr, err)
}

// setBacklog listens once more: Linux then takes the new length.
func (s *Server) setBacklog(ln net.Listener) (err error) {
	if s.opts.Listen.Backlog == 0 {
		return nil
	}
	raw, err := ln.(syscall.Conn).SyscallConn()
	if err != nil {
		return err
	}
	cerr := raw.Control(func(fd uintptr) {
		err = os.NewSyscallError("listen", unix.Listen(int(fd), s.opts.Listen.Backlog))
	})
	return errors.Join(cerr, err)
}
