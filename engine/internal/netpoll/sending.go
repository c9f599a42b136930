//go:build linux || darwin || freebsd

package netpoll

import (
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// Send: see carrier.Conn. It writes to the descriptor, as netpoll's Flush does
// too, and waits by itself: Flush sends nothing to a peer that has ended its side,
// and what one that was interrupted by that end has sent can't be known.
func (p *peer) Send(out *conn.Output, limit carrier.Limit) (int64, error) {
	n, err := p.attempt(out)
	if err == syscall.EAGAIN {
		n, err = p.sendWithin(out, limit.SendLimit())
	}
	return int64(n), err
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

// sendWithin waits for room, and sends: the runtime's poller waits on a duplicate of
// the descriptor, which is there only meanwhile. netpoll may close its own.
func (p *peer) sendWithin(out *conn.Output, until time.Time) (n int, err error) {
	f, err := p.polled(until)
	if err != nil {
		return p.sendBlocking(out, until)
	}
	defer f.Close()
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	told := raw.Write(func(uintptr) bool {
		n, err = p.attempt(out)
		return err != syscall.EAGAIN
	})
	switch {
	case told == nil:
		return n, err
	case errors.Is(told, os.ErrDeadlineExceeded):
		return 0, carrier.ErrInterrupted
	}
	return 0, told
}

// polled is a duplicate that the runtime polls. An error says that there is none to
// be had.
func (p *peer) polled(until time.Time) (*os.File, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd < 0 {
		return nil, syscall.EPIPE
	}
	fd, err := duplicate(p.fd)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "connection")
	if err := f.SetWriteDeadline(until); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// sendBlocking does the same with a thread: where there are no descriptors left.
func (p *peer) sendBlocking(out *conn.Output, until time.Time) (int, error) {
	for {
		p.mu.Lock()
		fd := p.fd
		p.mu.Unlock()
		if fd < 0 {
			return 0, syscall.EPIPE
		}
		// Should it be another's meanwhile, the attempt tells.
		if ready, err := awaitWritable(fd, until); err != nil {
			return 0, err
		} else if !ready {
			return 0, carrier.ErrInterrupted
		}
		if n, err := p.attempt(out); err != syscall.EAGAIN {
			return n, err
		}
	}
}

// SendFile: see carrier.Conn. What is read is sent: netpoll knows no files.
func (p *peer) SendFile(f carrier.File, offset, n int64, limit carrier.Limit) (int64, error) {
	buf := large.Get().(*[]byte)
	defer large.Put(buf)
	k, _ := f.ReadAt((*buf)[:min(n, largeBytes)], offset)
	if k == 0 {
		return 0, nil
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
