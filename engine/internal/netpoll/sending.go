//go:build linux || darwin || freebsd

package netpoll

import (
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/cloudwego/netpoll"
	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// pieceBytes is what is given to netpoll to wait with, when the socket is full.
const pieceBytes = 4 << 10

// Send: see carrier.Conn. It writes to the descriptor, as netpoll's Flush does
// too. netpoll's writer is used to wait for room: it has the poller send a piece.
// It refuses to send anything to a peer that has ended its side.
func (p *peer) Send(out *conn.Output, limit carrier.Limit) (int64, error) {
	if p.pending > 0 {
		return p.flush(limit.SendLimit())
	}
	for {
		n, err := p.attempt(out)
		if err != syscall.EAGAIN {
			return int64(n), err
		}
		until := limit.SendLimit()
		if p.hand(out) {
			return p.flush(until)
		}
		if err := p.awaitRoom(until); err != nil {
			return 0, err
		}
	}
}

// attempt makes one system call.
func (p *peer) attempt(out *conn.Output) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd < 0 {
		return 0, syscall.EPIPE
	}
	return send(p.fd, out)
}

// hand gives a copy of the first bytes to netpoll. It reports false if that takes
// none any more.
func (p *peer) hand(out *conn.Output) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone || p.c == nil || !p.c.IsActive() {
		return false
	}
	from := out.Head
	if len(from) == 0 {
		from = out.Body
	}
	if len(from) == 0 {
		from = out.Tail
	}
	n, err := p.c.Writer().WriteBinary(append([]byte(nil), from[:min(len(from), pieceBytes)]...))
	p.pending = n
	return err == nil && n > 0
}

// flush waits until the piece has left.
func (p *peer) flush(until time.Time) (int64, error) {
	_ = p.c.SetWriteDeadline(until)
	err := p.c.Writer().Flush()
	switch {
	case err == nil:
		n := p.pending
		p.pending = 0
		return int64(n), nil
	case errors.Is(err, netpoll.ErrWriteTimeout):
		return 0, carrier.ErrInterrupted
	}
	return 0, err
}

// awaitRoom waits by itself, with a thread: for a peer that has ended its side and
// still reads a long answer.
func (p *peer) awaitRoom(until time.Time) error {
	p.mu.Lock()
	fd := p.fd
	p.mu.Unlock()
	if fd < 0 {
		return syscall.EPIPE
	}
	ready, err := awaitWritable(fd, until) // should it be another's meanwhile: the next attempt tells
	if err == nil && !ready {
		return carrier.ErrInterrupted
	}
	return err
}

// SendFile: see carrier.Conn. What is read is sent: netpoll knows no files.
func (p *peer) SendFile(f *os.File, offset, n int64, limit carrier.Limit) (int64, error) {
	buf := large.Get().(*[]byte)
	defer large.Put(buf)
	k, err := f.ReadAt((*buf)[:min(n, largeBytes)], offset)
	if k == 0 {
		if err != nil && !errors.Is(err, os.ErrClosed) {
			return 0, nil // the file has ended
		}
		return 0, err
	}
	return p.Send(&conn.Output{Head: (*buf)[:k]}, limit)
}

// Unacknowledged: see carrier.Conn.
func (p *peer) Unacknowledged() (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd < 0 {
		return 0, syscall.EPIPE
	}
	return unacknowledged(p.fd)
}

// CloseWrite: see carrier.Conn.
func (p *peer) CloseWrite(carrier.Limit) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd < 0 {
		return syscall.EPIPE
	}
	return syscall.Shutdown(p.fd, syscall.SHUT_WR)
}
