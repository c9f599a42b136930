package engine_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/memory"
)

// stuckListener is one of a program's own: its Close waits, and so do Close and the
// deadlines of the connections that it accepts first.
type stuckListener struct {
	*memory.Listener
	release chan struct{}
	stuck   int // how many connections
	ends    bool
}

func (l *stuckListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil && l.stuck > 0 {
		l.stuck--
		return &stuckConn{Conn: c, release: l.release}, nil
	}
	return c, err
}

func (l *stuckListener) Close() error {
	if l.ends {
		<-l.release
	}
	return l.Listener.Close()
}

type stuckConn struct {
	net.Conn
	release chan struct{}
}

func (c *stuckConn) Close() error {
	<-c.release
	return c.Conn.Close()
}

func (c *stuckConn) SetReadDeadline(at time.Time) error {
	if at.Before(time.Now()) && !at.IsZero() { // to interrupt it
		<-c.release
	}
	return c.Conn.SetReadDeadline(at)
}

// TestCloseThatWaits: a connection or a listener of the program's own whose methods
// wait holds up no other connection, nor the server's end.
func TestCloseThatWaits(t *testing.T) {
	for _, how := range []string{"close", "drain"} {
		for _, ends := range []bool{false, true} {
			l := &stuckListener{memory.Listen(), make(chan struct{}), 2, ends}
			entered := make(chan struct{}, 3)
			srv := engine.New(engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
				entered <- struct{}{}
				<-r.Context().Done()
			}), engine.Options{})
			served := make(chan error, 1)
			go func() { served <- srv.Serve(l) }()
			release := sync.OnceFunc(func() { close(l.release) })
			defer release()
			var clients [4]*client
			for i := range clients {
				nc, err := l.Dial()
				if err != nil {
					t.Fatal(err)
				}
				clients[i] = clientOf(t, nc)
				if i != 1 {
					clients[i].get("/")
					<-entered
				}
			}
			began := time.Now()
			if how == "close" {
				_ = srv.Close()
			} else {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				_ = srv.Shutdown(ctx)
				cancel()
			}
			for _, c := range clients[2:] {
				_, _ = c.rest()
			}
			if !within(patience, func() bool { return srv.Stats().Open <= 2 }) {
				t.Errorf("%s: %d are open", how, srv.Stats().Open)
			}
			if d := time.Since(began); d > patience/2 {
				t.Errorf("%s: the others have ended after %v", how, d)
			}
			release()
			<-served
			if !within(patience, func() bool { return srv.Stats().Open == 0 }) {
				t.Errorf("%s: %d are open at the end", how, srv.Stats().Open)
			}
		}
	}
}
