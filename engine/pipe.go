package engine

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// pipe carries any net.Conn by its methods alone.
type pipe struct {
	nc   net.Conn
	via  net.Conn // what is read from and written to: nc, but for a tlsPipe without TLS
	pool *bufferPool

	interrupted atomic.Bool

	one       [1]byte // received into while idle
	buf       []byte  // one's, or of pool
	pooled    bool
	low, high int // of buf: received and not taken
	err       error
	readBy    waitBy
	writeBy   waitBy
}

// Interrupt: see carrier.Conn.
func (p *pipe) Interrupt() {
	p.interrupted.Store(true)
	_ = p.nc.SetReadDeadline(past)
}

// Await: see carrier.Conn.
func (p *pipe) Await(until time.Time, idle bool) error {
	if p.low < p.high || p.err != nil {
		return nil
	}
	p.Release()
	if idle {
		p.buf = p.one[:]
	} else {
		p.buf, p.pooled = p.pool.take(), true
	}
	return p.read(until)
}

// read reads once, behind what lies in the buffer.
func (p *pipe) read(until time.Time) error {
	p.readBy.setRead(p.nc, until)
	if p.interrupted.Load() && p.interrupted.Swap(false) {
		p.readBy.stale = true
		return carrier.ErrInterrupted
	}
	n, err := p.via.Read(p.buf[p.high:])
	if n < 0 || n > len(p.buf)-p.high {
		n, err = 0, errBadRead
	}
	p.high += n
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.readBy.stale = true
		p.interrupted.Store(false)
		if n > 0 {
			return nil
		}
		return carrier.ErrInterrupted
	}
	p.err = err
	if n > 0 || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// Watch: see carrier.Conn.
func (p *pipe) Watch() error {
	for p.err == nil {
		if p.buf != nil && p.high == len(p.buf) {
			if p.pooled {
				return nil
			}
			// One byte has come while idle, and is taken.
			p.buf, p.low, p.high = nil, 0, 0
		}
		if p.buf == nil {
			p.buf, p.pooled = p.pool.take(), true
		}
		if err := p.read(time.Time{}); err != nil {
			return err
		}
	}
	return p.err
}

// pipeLook is how often a pipe looks whether it was interrupted, when nothing else
// tells it.
const pipeLook = 10 * time.Millisecond

// AwaitEnd: see carrier.Conn. It receives a byte at most: behind that nothing is seen,
// nor is it while the buffer is lent, for example to TLS.
func (p *pipe) AwaitEnd(until time.Time) error {
	if p.buf == nil && p.err == nil {
		p.buf = p.one[:]
		if err := p.read(until); err != nil {
			return err
		}
	}
	for p.err == nil {
		left := time.Until(until)
		if p.interrupted.Swap(false) || left <= 0 {
			p.readBy.stale = true // Interrupt has moved it, perhaps
			return carrier.ErrInterrupted
		}
		time.Sleep(min(left, pipeLook))
	}
	return nil
}

// Receive: see carrier.Conn.
func (p *pipe) Receive() ([]byte, error) {
	if p.low < p.high {
		b := p.buf[p.low:p.high]
		p.low = p.high
		return b, nil
	}
	return nil, p.err
}

// Release: see carrier.Conn.
func (p *pipe) Release() {
	if p.low < p.high {
		return
	}
	if p.pooled {
		p.pool.give(p.buf)
	}
	p.buf, p.pooled, p.low, p.high = nil, false, 0, 0
}

// pipeSlice is what one call of Write gets at most: that it has written all of it
// is progress.
const pipeSlice = 64 << 10

// Send: see carrier.Conn.
func (p *pipe) Send(out *conn.Output, limit carrier.Limit) (total int64, err error) {
	for _, b := range [...][]byte{out.Head, out.Body, out.Tail} {
		if len(b) == 0 {
			continue
		}
		b = b[:min(len(b), pipeSlice)]
		if total > 0 && len(b) > pipeSlice/4 {
			return total, nil
		}
		n, err := p.write(b, limit)
		total += int64(n)
		if err != nil || n < len(b) || n == pipeSlice {
			return total, err
		}
	}
	return total, nil
}

func (p *pipe) write(b []byte, limit carrier.Limit) (n int, err error) {
	p.writeBy.setWrite(p.nc, limit.SendLimit())
	n, err = p.via.Write(b)
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		p.writeBy.stale = true
		if n > 0 {
			return n, nil
		}
		return 0, carrier.ErrInterrupted
	}
	return n, err
}

// SendFile: see carrier.Conn.
func (p *pipe) SendFile(f carrier.File, offset, n int64, limit carrier.Limit) (int64, error) {
	buf := p.pool.take()
	defer p.pool.give(buf)
	piece := readPiece(buf, f, offset, n)
	if len(piece) == 0 {
		return 0, nil
	}
	sent, err := p.write(piece, limit)
	return int64(sent), err
}

// readPiece reads what buf holds of n bytes of a file. It is empty where the file
// has ended or can't be read, which is no fault of the connection.
func readPiece(buf []byte, f carrier.File, offset, n int64) []byte {
	k, _ := f.ReadAt(buf[:min(n, int64(len(buf)))], offset)
	return buf[:k]
}

// Unacknowledged: see carrier.Conn. What is secured has its socket below.
func (p *pipe) Unacknowledged() (int64, error) {
	nc := p.nc
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = t.NetConn()
	}
	return unacknowledged(nc)
}

var errBadRead = errors.New("engine: the connection's Read returned a number of bytes that it was not asked for")

var errNoHalfClose = errors.New("engine: the connection can't be closed in one direction")

// CloseWrite: see carrier.Conn.
func (p *pipe) CloseWrite(limit carrier.Limit) error {
	half, ok := p.via.(interface{ CloseWrite() error })
	if !ok {
		return errNoHalfClose
	}
	p.writeBy.setWrite(p.nc, limit.SendLimit())
	return half.CloseWrite()
}

// Close: see carrier.Conn.
func (p *pipe) Close(reset bool) {
	if reset {
		p.Abort()
		return
	}
	_ = p.nc.Close()
}

// Abort: see carrier.Conn. What is secured has its socket below: its Close would
// tell of an orderly end, and wait for that.
func (p *pipe) Abort() {
	if t, ok := p.nc.(interface{ NetConn() net.Conn }); ok {
		abort(t.NetConn())
	}
	abort(p.nc)
}

// Hijack: see carrier.Conn.
func (p *pipe) Hijack() (net.Conn, []byte, error) {
	received := p.buf[p.low:p.high]
	p.buf, p.pooled, p.low, p.high = nil, false, 0, 0
	return p.nc, received, nil
}

// LetGo: see carrier.Conn.
func (p *pipe) LetGo() { _ = p.nc.SetDeadline(time.Time{}) }

// RemoteAddr: see carrier.Conn.
func (p *pipe) RemoteAddr() netip.AddrPort { return addrPort(p.nc.RemoteAddr()) }

// LocalAddr: see carrier.Conn.
func (p *pipe) LocalAddr() netip.AddrPort { return addrPort(p.nc.LocalAddr()) }
