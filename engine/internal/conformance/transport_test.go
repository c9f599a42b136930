package conformance

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/examples/probe/routes"
)

// transport is a way for bytes to get from a peer to the engine.
type transport struct {
	name string
	// options differ from those of a case.
	options func(o *engine.Options)
	// serve begins, and returns how to reach it. Nil: serveTCP.
	serve   func(srv *engine.Server) (dial func() (connection, error), served chan error, err error)
	secured bool // by TLS
	// excused are the cases that can't be as they are, each with its reason. The
	// README's table of transports must name each of them.
	excused map[string]string
}

func inMode(m engine.Mode) func(o *engine.Options) {
	return func(o *engine.Options) { o.Dispatch.Mode = m }
}

// onTCP starts a server for real programs, which comes down with the test.
func onTCP(t *testing.T, o func(o *engine.Options)) *server {
	t.Helper()
	s, err := transport{options: o}.start("")
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.dial()
	if err != nil {
		t.Fatal(err)
	}
	s.addr = c.RemoteAddr().String()
	_ = c.Close()
	t.Cleanup(func() { s.comesDown(t) })
	return s
}

func serveTCP(srv *engine.Server) (func() (connection, error), chan error, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	return dialTCP(ln.Addr().String()), served, nil
}

func dialTCP(addr string) func() (connection, error) {
	return func() (connection, error) {
		c, err := net.DialTimeout("tcp", addr, patience)
		if err != nil {
			return nil, err
		}
		return c.(*net.TCPConn), nil
	}
}

// scheme is that of the resources that the transport gives.
func (tr transport) scheme() string {
	if tr.secured {
		return "https"
	}
	return "http"
}

// server is one under test.
type server struct {
	*engine.Server
	dial   func() (connection, error)
	served chan error
	addr   string // of those that listen on TCP
}

func (tr transport) start(options string) (*server, error) {
	return tr.startWith(options, routes.Serve)
}

func (tr transport) startWith(options string, h engine.HandlerFunc) (*server, error) {
	var o engine.Options
	o.Limits.WholeBody = routes.EchoBytes
	o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	o.Debug = os.Getenv("POLLARD_DEBUG") == "1"
	if tr.options != nil {
		tr.options(&o)
	}
	if err := set(&o, options); err != nil {
		return nil, err
	}
	s := &server{Server: engine.New(h, o)}
	serve := tr.serve
	if serve == nil {
		serve = serveTCP
	}
	var err error
	if s.dial, s.served, err = serve(s.Server); err != nil {
		return nil, err
	}
	return s, s.answers()
}

// answers waits for an answer: a server that is shut down before it has begun
// owes nothing to those that the system let connect.
func (s *server) answers() error {
	c, err := s.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err = io.WriteString(c, syncRequest); err == nil {
		_, err = io.ReadAll(c)
	}
	return err
}

// comesDown ends the server: each connection must have ended for one reason.
func (s *server) comesDown(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v with %+v", err, s.Stats())
	}
	if err := <-s.served; !errors.Is(err, engine.ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
	for end := time.Now().Add(patience); s.Stats().Open > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	var ended int64
	for _, n := range s.Stats().Closed {
		ended += n
	}
	if st := s.Stats(); ended != st.Accepted {
		t.Errorf("accepted %d, open %d, ended by reason %v", st.Accepted, st.Open, st.Closed)
	}
}
