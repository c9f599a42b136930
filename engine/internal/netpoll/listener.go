//go:build linux || darwin || freebsd

package netpoll

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cloudwego/netpoll"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// Unread is how many bytes a connection may have received that nobody takes, where
// nobody says otherwise: enough for peers that are somewhat faster than a handler.
const Unread = 16 << 20

// Serve has netpoll's pollers accept connections from ln, and attaches them to s,
// until that ends. It closes ln, and does not wait for the connections. unread is
// how many bytes a connection may have received that nobody takes.
func Serve(s carrier.Server, ln *net.TCPListener, unread int) error {
	defer ln.Close()
	l := &listener{TCPListener: ln, srv: s, watch: &watch{most: unread}}
	file, err := ln.File() // ln's descriptor is the runtime's to poll
	if err != nil {
		return fmt.Errorf("netpoll: %w", err)
	}
	defer file.Close()
	l.fd = int(file.Fd())
	if err := syscall.SetNonblock(l.fd, true); err != nil {
		return fmt.Errorf("netpoll: %w", os.NewSyscallError("fcntl", err))
	}
	loop, err := netpoll.NewEventLoop(onRequest, netpoll.WithOnPrepare(onPrepare), netpoll.WithOnDisconnect(onDisconnect))
	if err != nil {
		return fmt.Errorf("netpoll: %w", err)
	}
	l.loop = loop
	done, err := s.AttachSource(func() { go l.end() })
	if err != nil {
		return err
	}
	defer done()
	if err := loop.Serve(l); !l.ending.Load() {
		return fmt.Errorf("netpoll: %w", err)
	}
	return nil
}

// listener is what netpoll takes for one of its own.
type listener struct {
	*net.TCPListener
	fd     int
	srv    carrier.Server
	watch  *watch
	loop   netpoll.EventLoop
	ending atomic.Bool
	last   atomic.Pointer[netip.AddrPort] // the connection that says that there are no more
}

// errEnded ends netpoll's polling of a listener, which looks for the word "closed"
// and logs a line.
var errEnded = errors.New("netpoll: listener closed")

// Fd is what netpoll polls.
func (l *listener) Fd() int { return l.fd }

// Close is called by netpoll's Shutdown: the descriptor is Serve's to close.
func (l *listener) Close() error { return nil }

// Accept takes one connection; nil, nil: there is none, or none to serve.
func (l *listener) Accept() (net.Conn, error) {
	fd, remote, err := accept(l.fd)
	if err != nil {
		if err == syscall.EAGAIN || err == syscall.ECONNABORTED {
			return nil, nil
		}
		return nil, err
	}
	if last := l.last.Load(); last != nil && *last == remote {
		_ = syscall.Close(fd)
		if hangUp(l.fd) {
			return nil, nil // netpoll sees it end
		}
		return nil, errEnded
	}
	noDelay(fd)
	p := newPeer(fd, remote, l.watch)
	if p.stream, err = l.srv.Attach(p); err != nil {
		resetOnClose(fd)
		_ = syscall.Close(fd)
		return nil, nil
	}
	return accepted{p}, nil
}

const (
	endTries = 10
	endPause = 50 * time.Millisecond
)

// end has what has been established accepted, and then no more. netpoll's own
// Shutdown would close connections that are idle without a word. So a connection
// of our own comes last: those before it have been taken when it is.
func (l *listener) end() {
	l.ending.Store(true)
	for range endTries {
		if l.dialLast() {
			return
		}
		time.Sleep(endPause)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	_ = l.loop.Shutdown(cancelled)
}

// dialLast reports whether the last connection has been made.
func (l *listener) dialLast() bool {
	// Its own address must be known before it can be accepted.
	local, err := net.ListenTCP("tcp", &net.TCPAddr{IP: l.selfAddr().IP})
	if err != nil {
		return false
	}
	addr := local.Addr().(*net.TCPAddr)
	_ = local.Close()
	from := netip.AddrPortFrom(addr.AddrPort().Addr().Unmap(), uint16(addr.Port))
	l.last.Store(&from)
	d := net.Dialer{Timeout: time.Second, LocalAddr: addr}
	c, err := d.Dial("tcp", l.selfAddr().String())
	if err != nil {
		l.last.Store(nil)
		return false
	}
	_ = c.Close()
	return true
}

// selfAddr is where to reach the listener from here.
func (l *listener) selfAddr() *net.TCPAddr {
	a := *l.Addr().(*net.TCPAddr)
	switch {
	case !a.IP.IsUnspecified():
	case a.IP.To4() != nil:
		a.IP = net.IPv4(127, 0, 0, 1)
	default:
		a.IP = net.IPv6loopback
	}
	return &a
}

// accepted is what netpoll makes its connection of. It keeps the addresses, so
// that is how the peer comes back in onPrepare.
type accepted struct{ *peer }

func (a accepted) Fd() int                          { return a.peer.fd }
func (a accepted) RemoteAddr() net.Addr             { return peerAddr(a) }
func (a accepted) LocalAddr() net.Addr              { return peerAddr(a) }
func (a accepted) Read([]byte) (int, error)         { return 0, errors.ErrUnsupported }
func (a accepted) Write([]byte) (int, error)        { return 0, errors.ErrUnsupported }
func (a accepted) Close() error                     { return errors.ErrUnsupported }
func (a accepted) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (a accepted) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (a accepted) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// peerAddr is a peer in the place of its address.
type peerAddr struct{ *peer }

func (peerAddr) Network() string  { return "tcp" }
func (a peerAddr) String() string { return a.remote.String() }
