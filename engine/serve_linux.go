package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Serve accepts connections from ln and answers on them until the server is
// shut down or closed; it then returns ErrServerClosed, without waiting for the
// connections: Shutdown does. ln must be a *net.TCPListener or a
// *net.UnixListener. It is closed in every case. Serve may be called for
// several listeners.
func (s *Server) Serve(ln net.Listener) error {
	l, err := s.prepare(ln)
	if err != nil {
		return err
	}
	return s.serve(l)
}

// prepare makes ln one of the server's. In case of an error it is closed, and
// nothing has been started.
func (s *Server) prepare(ln net.Listener) (*listener, error) {
	err := s.resolve()
	if err == nil {
		var l *listener
		if l, err = s.openListener(ln); err == nil {
			return l, nil
		}
	}
	_ = ln.Close()
	return nil, err
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
	l.loop.post(message{kind: watch, listener: l})
	return nil
}

// ListenAndServe listens on Options.Addr and serves, as Serve does. An address
// that can't be listened on is an error that says which; nothing has been started
// then, and the server can be tried again.
func (s *Server) ListenAndServe() error {
	if err := s.resolve(); err != nil {
		return err
	}
	listeners, err := s.listen()
	if err != nil {
		return err
	}
	results := make(chan error, len(listeners))
	for _, ln := range listeners {
		go func() { results <- s.serve(ln) }()
	}
	for range listeners {
		if e := <-results; err == nil || errors.Is(err, ErrServerClosed) {
			err = e // any other error says more
		}
	}
	return err
}

// listen opens the sockets for Options.Addr.
func (s *Server) listen() (listeners []*listener, err error) {
	network, addr, count := "tcp", s.opts.Addr, 1
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	} else if s.opts.Listen.ReusePort {
		count = s.opts.Dispatch.Loops
	}
	lc := net.ListenConfig{Control: s.control}
	// MPTCP sockets know only some of the options, and are slower.
	lc.SetMultipathTCP(false)
	for range count {
		ln, err := lc.Listen(context.Background(), network, addr)
		if err == nil {
			err = s.setBacklog(ln)
		}
		var l *listener
		if err == nil {
			l, err = s.prepare(ln)
		}
		if err != nil {
			if ln != nil {
				_ = ln.Close()
			}
			for _, l := range listeners {
				l.close()
			}
			return nil, fmt.Errorf("engine: ListenAndServe: %w", err)
		}
		listeners = append(listeners, l)
		addr = ln.Addr().String() // port 0 was chosen once
	}
	return listeners, nil
}

// control sets the options that must be set before bind.
func (s *Server) control(network, _ string, c syscall.RawConn) (err error) {
	if !s.opts.Listen.ReusePort || strings.HasPrefix(network, "unix") {
		return nil
	}
	cerr := c.Control(func(fd uintptr) {
		err = os.NewSyscallError("setsockopt SO_REUSEPORT", unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
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
