package engine

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// TLSOptions are of ServeTLS and ListenAndServeTLS.
type TLSOptions struct {
	// Config is what crypto/tls is given, but for the protocols to negotiate: those
	// are "http/1.1" and "http/1.0". Nil: its defaults. A GetConfigForClient must not
	// return one that offers others.
	Config *tls.Config
	// HandshakeTimeout is how long a handshake may take, from when the connection
	// was accepted. Zero: 10 s. Negative: without limit. A peer that has not begun
	// one when the server shuts down is kept for Close.Hold, as idle ones are.
	HandshakeTimeout time.Duration
	// Handshakes is how many may be at work at a time: those that wait for their
	// peer don't count, and so can't keep others out. The rest wait, within
	// HandshakeTimeout, and connections that are secured already have the
	// processors. A callback of Config that waits keeps its place. Zero: 8 for each
	// processor. Negative: without limit.
	Handshakes int
	// Reload is how often it is looked, at most and when somebody connects, whether
	// the files of the certificate have changed. A pair that is broken is logged,
	// and the old one stays. Zero: 1 s. Negative: never.
	Reload time.Duration
}

func (o *TLSOptions) resolve() {
	def(&o.HandshakeTimeout, 10*time.Second)
	def(&o.Handshakes, 8*runtime.GOMAXPROCS(0))
	def(&o.Reload, time.Second)
}

// ServeTLS is Serve for connections that are secured by TLS, with the certificate
// and the key of the PEM files, or those of Options.TLS.Config if both names are
// empty. Each connection has a goroutine. The files are read again when they have
// changed: connections that are open stay as they are.
func (s *Server) ServeTLS(ln net.Listener, certFile, keyFile string) error {
	config, err := s.tlsConfig(certFile, keyFile)
	if err != nil {
		_ = ln.Close()
		return err
	}
	return s.serveOne(ln, config)
}

// ListenAndServeTLS listens on Options.Addr and serves, as ServeTLS does.
func (s *Server) ListenAndServeTLS(certFile, keyFile string) error {
	config, err := s.tlsConfig(certFile, keyFile)
	if err != nil {
		return err
	}
	return s.listenAndServe(config)
}

func (s *Server) tlsConfig(certFile, keyFile string) (*tls.Config, error) {
	if err := s.resolve(); err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.opts.TLS.Config != nil {
		config = s.opts.TLS.Config.Clone()
	}
	config.NextProtos = []string{"http/1.1", "http/1.0"} // curl -0 offers the latter alone
	if certFile == "" && keyFile == "" {
		if len(config.Certificates) == 0 && config.GetCertificate == nil && config.GetConfigForClient == nil {
			return nil, &OptionError{Field: "TLS.Config", Why: "it has no certificate, and no files were given"}
		}
		return config, nil
	}
	files := &certificateFiles{cert: certFile, key: keyFile, every: s.opts.TLS.Reload, logger: s.opts.Logger}
	if err := files.load(); err != nil {
		return nil, fmt.Errorf("engine: ServeTLS: certificate %q with key %q: %w", certFile, keyFile, err)
	}
	config.Certificates = nil
	config.GetCertificate = files.certificate
	return config, nil
}

// TLS tells how the connection is secured, nil if it is not. It must not be
// changed.
func (r *Request) TLS() *tls.ConnectionState {
	if r.over() {
		return nil
	}
	return r.k.io.tlsState()
}

var (
	errHandshakeTime  = errors.New("engine: the handshake took too long")
	errHandshakePanic = errors.New("engine: the handshake panicked")
	errHandshakeDrain = errors.New("engine: the server ended before the handshake began")
)

// handshakes returns what secures the connection and then lives, nil if that is not
// to be. In a goroutine of its own what it needs of a stack is not kept.
func (s *stream) handshakes() (shake func(until time.Time) error) {
	switch c := s.io.(type) {
	case *secured:
		shake = func(until time.Time) error { return c.handshake(s, until) }
	case *tlsPipe:
		shake = func(until time.Time) error { return c.handshake(s, until) }
	}
	return shake
}

func (s *stream) isSecured() bool {
	switch s.io.(type) {
	case *secured, *tlsPipe:
		return true
	}
	return false
}

// handshake shakes hands, or has the connection end.
func (s *stream) handshake(shake func(until time.Time) error) {
	var until time.Time
	if limit := s.srv.opts.TLS.HandshakeTimeout; limit > 0 {
		until = s.srv.clock.at(s.at + limit) // at is when it was accepted
	}
	err := errHandshakePanic // or runtime.Goexit
	defer func() {
		s.word.And(^streamShaking)
		s.refresh()
		if err != nil {
			s.takeNotes()
			s.handshakeFailed(err)
		} else {
			s.c.Late(s.at) // it is idle since now
		}
	}()
	err = s.shaken(shake, until)
}

// shaken shakes hands. What the program gave crypto/tls may panic, for example a
// GetCertificate: that ends this connection alone, as with a handler.
func (s *stream) shaken(shake func(until time.Time) error, until time.Time) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.srv.opts.Logger.Error("engine: a handshake panicked", "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			err = errHandshakePanic
		}
	}()
	return shake(until)
}

// handshakeFailed has the connection end: after an answer, if the peer speaks
// HTTP without TLS, or so that it can read the alert.
func (s *stream) handshakeFailed(err error) {
	var header tls.RecordHeaderError
	http := errors.As(err, &header) && looksLikeHTTP(header.RecordHeader)
	inOrder := false
	switch c := s.io.(type) {
	case *secured:
		if c.clear = http; http {
			c.dropOut()
		}
		inOrder = c.alerted
	case *tlsPipe:
		http = http && c.clear()
		inOrder = c.clear()
	}
	switch {
	case s.c.State().Closed():
	case errors.Is(err, errHandshakeDrain):
		s.c.Close(conn.ReasonDrain)
	case http:
		s.c.Reject(s.at, 400, "this port speaks HTTP over TLS")
	case inOrder:
		s.c.Dismiss(s.at, conn.ReasonHandshake)
	default:
		s.c.Close(conn.ReasonHandshake)
	}
}

// looksLikeHTTP: a method, and nothing that begins a record.
func looksLikeHTTP(head [recordHeader]byte) bool {
	for i, b := range head {
		if b == ' ' && i > 0 {
			return true
		}
		if b < 'A' || b > 'Z' {
			return false
		}
	}
	return true
}

func newSecured(below carrier.Conn, srv *Server, config *tls.Config) *secured {
	s := &secured{below: below, srv: srv}
	s.tls = tls.Server(socket{s}, config)
	return s
}

// handshake secures the connection.
func (s *secured) handshake(st *stream, until time.Time) error {
	limit, turn := fixedLimit(until), handshakeTurn{st: &s.srv.streams, until: until}
	defer turn.end()
	s.wait = func() error {
		turn.end()
		if err := s.flushAll(limit); err != nil {
			return err
		}
		s.below.Release()
		if err := s.awaitHandshake(st, until, false); err != nil {
			return err // it isn't at work any more: what follows costs next to nothing
		}
		return turn.begin()
	}
	if err := s.awaitHandshake(st, until, true); err != nil {
		return err
	}
	if err := turn.begin(); err != nil {
		return err
	}
	err := s.tls.Handshake()
	s.wait = nil
	if err == nil {
		return s.flushAll(limit)
	}
	if s.gathered() { // the alert that says why
		s.alerted = s.flushAll(briefly{}) == nil
		s.shut = true
	}
	return err
}

// handshakeTurn is a handshake's place among those that are at work.
type handshakeTurn struct {
	st    *streams
	until time.Time // zero: without limit
	held  bool
}

// begin waits for a place. That is a part of the handshake's time: it may be the
// others that take too long.
func (h *handshakeTurn) begin() error {
	slots := h.st.handshakes
	if slots == nil {
		return nil
	}
	select {
	case slots <- struct{}{}:
		h.held = true
		return nil
	default:
	}
	var passed <-chan time.Time
	if !h.until.IsZero() {
		t := time.NewTimer(time.Until(h.until))
		defer t.Stop()
		passed = t.C
	}
	select {
	case slots <- struct{}{}:
		h.held = true
		return nil
	case <-passed:
		return errHandshakeTime
	case <-h.st.over:
		return ErrServerClosed
	}
}

// end gives it back.
func (h *handshakeTurn) end() {
	if h.held {
		h.held = false
		<-h.st.handshakes
	}
}

// awaitHandshake waits for input. A peer that is silent so far is idle: a drain
// holds it no longer than others that are.
func (s *secured) awaitHandshake(st *stream, until time.Time, silent bool) error {
	timedOut := errHandshakeTime
	for {
		if silent && st.word.Load()&streamDrain != 0 {
			silent = false
			held := time.Now().Add(max(s.srv.opts.Close.Hold, 0))
			if until.IsZero() || held.Before(until) {
				until, timedOut = held, errHandshakeDrain
			}
		}
		err := s.below.Await(until, false)
		switch {
		case !errors.Is(err, carrier.ErrInterrupted):
			return err
		case st.word.Load()&streamClose != 0:
			return ErrServerClosed
		case !until.IsZero() && !time.Now().Before(until):
			return timedOut
		}
	}
}

// fixedLimit is a time that doesn't move.
type fixedLimit time.Time

// SendLimit: see carrier.Limit.
func (l fixedLimit) SendLimit() time.Time { return time.Time(l) }
