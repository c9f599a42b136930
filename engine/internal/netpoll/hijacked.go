//go:build linux || darwin || freebsd

package netpoll

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/cloudwego/netpoll"
)

// hijacked is a connection that a handler has taken. It stays netpoll's: its
// OnRequest does not return before it is closed, since netpoll wakes a reader only
// then. So it holds one goroutine of netpoll's.
type hijacked struct {
	netpoll.Connection
	p    *peer
	once sync.Once
}

var errHijackDetached = errors.New("netpoll: a connection can be hijacked only by the handler that netpoll's OnRequest runs")

// Hijack: see carrier.Conn.
func (p *peer) Hijack() (net.Conn, []byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone || !p.inside.Load() {
		return nil, nil, errHijackDetached
	}
	received := p.kept
	p.kept = nil
	p.handed, p.handback = &hijacked{Connection: p.c, p: p}, make(chan struct{})
	return p.handed, received, nil
}

// LetGo: see carrier.Conn.
func (p *peer) LetGo() {
	_ = p.c.SetReadDeadline(time.Time{})
	_ = p.c.SetWriteDeadline(time.Time{})
}

// awaitHandback returns when a connection that was hijacked has been closed.
func (p *peer) awaitHandback() {
	p.mu.Lock()
	h, back := p.handed, p.handback
	p.mu.Unlock()
	if h != nil {
		<-back
	}
}

func (h *hijacked) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(h.p.remote) }
func (h *hijacked) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(h.p.LocalAddr()) }

// CloseWrite ends our side.
func (h *hijacked) CloseWrite() error {
	h.p.mu.Lock()
	defer h.p.mu.Unlock()
	if h.p.fd < 0 {
		return net.ErrClosed
	}
	return syscall.Shutdown(h.p.fd, syscall.SHUT_WR)
}

// Close ends it. The descriptor is closed when the handler has returned.
func (h *hijacked) Close() error {
	err := net.ErrClosed
	h.once.Do(func() {
		h.p.mu.Lock()
		h.p.closing = true
		if h.p.fd >= 0 {
			_ = syscall.Shutdown(h.p.fd, syscall.SHUT_RDWR)
		}
		if h.p.own {
			_ = syscall.Close(h.p.fd)
			h.p.fd, h.p.own = -1, false
		}
		h.p.mu.Unlock()
		err = h.Connection.Close()
		close(h.p.handback)
	})
	return err
}
