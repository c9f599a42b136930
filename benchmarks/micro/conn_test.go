package micro

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/valyala/fasthttp"
)

// BenchmarkExchange is a request and its answer without a socket: Pollard's state machine with what a driver does around
// it, and the servers of the others on a net.Conn that has the requests ready and throws the answers away.
func BenchmarkExchange(b *testing.B) {
	for _, c := range []struct {
		name string
		head []byte
	}{{"small", []byte(smallHead)}, {"browser", browserHead(b)}} {
		b.Run(c.name+"/pollard", func(b *testing.B) { exchangePollard(b, c.head) })
		b.Run(c.name+"/fasthttp", func(b *testing.B) {
			server := &fasthttp.Server{Handler: helloFasthttp, NoDefaultServerHeader: true}
			exchangeOn(b, c.head, func(c net.Conn) { server.ServeConn(c) })
		})
		b.Run(c.name+"/nethttp", func(b *testing.B) {
			exchangeOn(b, c.head, func(c net.Conn) {
				listener := &oneConn{conn: c, closed: make(chan struct{})}
				server := &http.Server{Handler: http.HandlerFunc(helloNetHTTP), ConnState: func(_ net.Conn, s http.ConnState) {
					if s == http.StateClosed {
						listener.Close()
					}
				}}
				server.Serve(listener)
			})
		})
	}
}

var helloBody = []byte("Hello, World!")

func exchangePollard(b *testing.B, head []byte) {
	config := conn.DefaultConfig()
	date := []byte("Mon, 02 Jan 2006 15:04:05 GMT")
	config.Date = func() []byte { return date }
	var c conn.Conn
	c.Init(&config, 0)
	b.ReportAllocs()
	for b.Loop() {
		c.Receive(0, head)
		if c.Next(0) != conn.Requested {
			b.Fatal("no request")
		}
		_ = c.Header().Set("Content-Type", "text/plain")
		_, _ = c.Write(helloBody)
		_ = c.End(0)
		if c.Next(0) != conn.NeedInput {
			b.Fatal("the request has no end")
		}
		output := c.Output()
		c.Sent(0, output.Len())
		c.Release()
	}
}

func helloFasthttp(ctx *fasthttp.RequestCtx) {
	ctx.SetContentType("text/plain")
	ctx.SetBody(helloBody)
}

func helloNetHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	w.Write(helloBody)
}

// exchangeOn lets a server read b.N requests, one at a time, and then the end.
func exchangeOn(b *testing.B, head []byte, serve func(net.Conn)) {
	b.ReportAllocs()
	b.ResetTimer()
	c := &readyConn{head: head, left: b.N, expired: make(chan struct{}, 1), done: make(chan struct{})}
	serve(c)
	c.Close()
	if c.answers != b.N {
		b.Fatalf("%d answers to %d requests", c.answers, b.N)
	}
}

// readyConn has a request whenever it is read from, until none is left.
type readyConn struct {
	head    []byte
	left    int
	answers int
	expired chan struct{}
	done    chan struct{}
	once    sync.Once
}

func (c *readyConn) Read(p []byte) (int, error) {
	if len(p) == 1 { // net/http looks for the peer's end while a handler runs, and breaks it off by a deadline
		<-c.expired
		return 0, os.ErrDeadlineExceeded
	}
	if c.left == 0 || len(p) < len(c.head) {
		return 0, io.EOF
	}
	c.left--
	return copy(p, c.head), nil
}

func (c *readyConn) Write(p []byte) (int, error) {
	c.answers += bytes.Count(p, helloBody)
	return len(p), nil
}

func (c *readyConn) Close() error {
	c.once.Do(func() { close(c.done) })
	return nil
}

func (c *readyConn) SetReadDeadline(t time.Time) error {
	if !t.IsZero() && t.Before(time.Now()) {
		c.expired <- struct{}{}
	}
	return nil
}

func (c *readyConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *readyConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *readyConn) SetDeadline(time.Time) error      { return nil }
func (c *readyConn) SetWriteDeadline(time.Time) error { return nil }

// oneConn is a listener with one connection.
type oneConn struct {
	conn   net.Conn
	taken  bool
	closed chan struct{}
	once   sync.Once
}

func (l *oneConn) Accept() (net.Conn, error) {
	if l.taken {
		<-l.closed
		return nil, errors.New("closed")
	}
	l.taken = true
	return l.conn, nil
}

func (l *oneConn) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }
