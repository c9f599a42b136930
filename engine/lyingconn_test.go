package engine_test

import (
	"net"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/memory"
)

// lyingConn says that it has read more, or less than nothing.
type lyingConn struct {
	net.Conn
	add int
}

func (c lyingConn) Read(p []byte) (int, error) {
	if n, err := c.Conn.Read(p); err != nil {
		return n, err
	}
	return c.add, nil
}

// TestConnThatLies: a defect of a program's own net.Conn ends that connection, not
// the process.
func TestConnThatLies(t *testing.T) {
	for _, n := range []int{1 << 20, -1} {
		near, far := memory.Pair(memory.DefaultBuffer)
		srv := engine.New(engine.HandlerFunc(hello), engine.Options{})
		served := make(chan error, 1)
		go func() { served <- srv.ServeConn(lyingConn{far, n}) }()
		_, _ = near.Write([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
		select {
		case <-served:
		case <-time.After(patience):
			t.Fatal("it goes on")
		}
		if s := srv.Stats(); s.Open != 0 || s.Closed[conn.ReasonPeerReset] != 1 {
			t.Errorf("%d: %+v", n, s.Closed)
		}
		_ = near.Close()
		_ = srv.Close()
	}
}
