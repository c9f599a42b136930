package engine_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// client speaks raw HTTP to a server under test.
type client struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func (f *fixture) dial() *client {
	f.t.Helper()
	network := "tcp"
	if strings.HasPrefix(f.addr, "/") {
		network = "unix"
	}
	return dial(f.t, network, f.addr)
}

func dial(t *testing.T, network, addr string) *client {
	t.Helper()
	c, err := net.DialTimeout(network, addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	return clientOf(t, c)
}

// clientOf speaks on a connection that there is.
func clientOf(t *testing.T, c net.Conn) *client {
	t.Helper()
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &client{c, t, bufio.NewReader(c)}
}

// slow makes the client's window small and returns it.
func (c *client) slow() *client {
	c.t.Helper()
	if err := c.Conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		c.t.Fatal(err)
	}
	return c
}

func (c *client) send(format string, args ...any) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c, format, args...); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// get sends a request without content.
func (c *client) get(target string) {
	c.t.Helper()
	c.send("GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target)
}

// answer is one response, read whole.
type answer struct {
	*http.Response
	body string
	err  error // of reading the body
}

// answer reads the answer to a GET.
func (c *client) answer() answer {
	c.t.Helper()
	return c.answerTo(http.MethodGet)
}

// readResponse reads the head of an answer to a GET.
func readResponse(c *client) (*http.Response, error) {
	return http.ReadResponse(c.r, &http.Request{Method: http.MethodGet})
}

func (c *client) answerTo(method string) answer {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("no answer: %v", err)
	}
	b, err := io.ReadAll(resp.Body)
	return answer{resp, string(b), err}
}

// wants reads an answer and checks it.
func (c *client) wants(status int, body string) answer {
	c.t.Helper()
	a := c.answer()
	if a.err != nil || a.StatusCode != status || a.body != body {
		c.t.Fatalf("got %s %.200q, error %v; want %d %q", a.Status, a.body, a.err, status, body)
	}
	return a
}

// rest reads until the server ends the connection.
func (c *client) rest() (string, error) {
	b, err := io.ReadAll(c.r)
	return string(b), err
}

// ended checks that the server ends the connection in order and without
// another byte.
func (c *client) ended() {
	c.t.Helper()
	if s, err := c.rest(); err != nil || s != "" {
		c.t.Fatalf("after the answer: %.200q, %v", s, err)
	}
}

func (c *client) closeWrite() {
	c.t.Helper()
	if err := c.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		c.t.Fatal(err)
	}
}

// reset ends the connection so that the server gets a reset.
func (c *client) reset() {
	below := c.Conn
	if secured, ok := below.(*tls.Conn); ok {
		below = secured.NetConn()
	}
	_ = below.(interface{ SetLinger(sec int) error }).SetLinger(0)
	_ = below.Close()
}

// descriptor gives the number of the socket, for system calls.
func (c *client) descriptor() (fd int) {
	c.t.Helper()
	raw, err := c.Conn.(syscall.Conn).SyscallConn()
	if err == nil {
		err = raw.Control(func(n uintptr) { fd = int(n) })
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return fd
}

func post(target string, length int) string {
	return "POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + strconv.Itoa(length) + "\r\n\r\n"
}
