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
	if err := s.start(); err != nil {
		_ = ln.Close()
		return err
	}
	l, err := openListener(ln)
	if err != nil {
		_ = ln.Close()
		return err
	}
	if err := s.watch(l); err != nil {
		return err
	}
	<-l.done
	if s.ending.Load() {
		return ErrServerClosed
	}
	return fmt.Errorf("engine: Serve: the listener %s can't be watched", ln.Addr())
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
// that can't be listened on is an error that says which.
func (s *Server) ListenAndServe() error {
	if err := s.start(); err != nil {
		return err
	}
	listeners, err := s.listen()
	if err != nil {
		return err
	}
	results := make(chan error, len(listeners))
	for _, ln := range listeners {
		go func() { results <- s.Serve(ln) }()
	}
	for range listeners {
		if e := <-results; err == nil || errors.Is(err, ErrServerClosed) {
			err = e // any other error says more
		}
	}
	return err
}

// listen opens the sockets for Options.Addr.
func (s *Server) listen() ([]net.Listener, error) {
	network, addr, count := "tcp", s.opts.Addr, 1
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	} else if s.opts.Listen.ReusePort {
		count = len(s.loops)
	}
	lc := net.ListenConfig{Control: s.control, KeepAlive: -1}
	var listeners []net.Listener
	for range count {
		ln, err := lc.Listen(context.Background(), network, addr)
		if err == nil {
			err = s.setBacklog(ln)
			listeners = append(listeners, ln)
		}
		if err != nil {
			for _, ln := range listeners {
				_ = ln.Close()
			}
			return nil, fmt.Errorf("engine: ListenAndServe: %w", err)
		}
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
