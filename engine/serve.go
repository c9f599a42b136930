package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Serve accepts connections from ln and answers on them until the server is
// shut down or closed; it then returns ErrServerClosed, without waiting for the
// connections: Shutdown does. A *net.TCPListener or *net.UnixListener is watched
// by the event loops, if Listen.Transport is that; every other one gets a
// goroutine for each connection. It is closed in every case. Serve may be called
// for several listeners. See also Listen.Exclusive. Closing ln doesn't end it where
// event loops watch it, since they have a descriptor of their own: Shutdown and
// Close do.
//
// A socket that is inherited (net.FileListener) or passed on to a successor is served
// as any other, see the example. A *net.UnixListener that net.Listen has made removes
// its file at the end: call its SetUnlinkOnClose(false) before it is passed on.
//
// A *tls.Conn that ln gives shakes hands first, within TLS.HandshakeTimeout but
// without the bound of TLS.Handshakes, and one that agrees on another protocol than
// HTTP/1.1 is ended. ServeTLS costs less memory, fewer system calls, and a slow reader
// is judged by smaller steps.
func (s *Server) Serve(ln net.Listener) error { return s.serveOne(ln, nil) }

// serveOne serves on ln, secured by TLS if there is a configuration.
func (s *Server) serveOne(ln net.Listener, secure *tls.Config) error {
	if ln == nil {
		panic("engine: Serve with a nil net.Listener")
	}
	err := s.resolve()
	if err == nil {
		var l *served
		if l, err = s.prepare(ln, secure, false); err == nil {
			return l.run()
		}
	}
	_ = ln.Close()
	return err
}

// served is a listener that can be served on: nothing has been started for it.
type served struct {
	run   func() error
	close func()
}

// prepare makes ln one of the server's, after resolve. ours says that it was opened
// by listen.
func (s *Server) prepare(ln net.Listener, secure *tls.Config, ours bool) (*served, error) {
	if secure == nil {
		if l, err := s.overLoops(ln, ours); l != nil || err != nil {
			return l, err
		}
	}
	if err := s.setOptions(ln, ours || s.opts.Listen.Exclusive); err != nil {
		return nil, err
	}
	a := &acceptor{srv: s, ln: ln, path: fileOf(ln), secure: secure, ours: ours}
	return &served{run: a.run, close: func() { _ = ln.Close() }}, nil
}

// ListenAndServe listens on Options.Addr and serves, as Serve does. An address
// that can't be listened on is an error that says which; nothing has been started
// then, and the server can be tried again.
func (s *Server) ListenAndServe() error { return s.listenAndServe(nil) }

func (s *Server) listenAndServe(secure *tls.Config) error {
	if err := s.resolve(); err != nil {
		return err
	}
	listeners, err := s.listen(secure)
	if err != nil {
		return err
	}
	results := make(chan error, len(listeners))
	for _, ln := range listeners {
		go func() { results <- ln.run() }()
	}
	for range listeners {
		if e := <-results; err == nil || errors.Is(err, ErrServerClosed) {
			err = e // any other error says more
		}
	}
	return err
}

// listen opens the sockets for Options.Addr.
func (s *Server) listen(secure *tls.Config) (listeners []*served, err error) {
	network, addr, count := "tcp", s.opts.Addr, 1
	if path, ok := strings.CutPrefix(addr, "unix:"); ok {
		network, addr = "unix", path
	} else if s.opts.Listen.ReusePort {
		count = s.opts.Dispatch.Loops
	}
	// Negative: what Go sets of its own on each connection would be a system call
	// more, and stand in the way of what is inherited.
	lc := net.ListenConfig{Control: s.control, KeepAlive: -1}
	// MPTCP sockets know only some of the options, and are slower.
	lc.SetMultipathTCP(false)
	for range count {
		ln, err := lc.Listen(context.Background(), network, addr)
		if err == nil {
			err = s.setBacklog(ln)
		}
		var l *served
		if err == nil {
			l, err = s.prepare(ln, secure, true)
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

// ServeConn answers on one connection until that ends or the server does. It
// returns nil when the connection has ended, however it did, and it is closed in
// every case. A *tls.Conn is made to shake hands first, as with Serve.
func (s *Server) ServeConn(nc net.Conn) error {
	if err := s.ready(); err != nil {
		_ = nc.Close()
		return err
	}
	c := s.adopt(nc, nil)
	if c == nil {
		return ErrServerClosed
	}
	c.begin(true)
	return nil
}
