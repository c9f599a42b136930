package engine

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// tlsPipe carries a *tls.Conn that the program has made, as tls.NewListener does.
// What is under it, and its configuration, are out of reach: so it is used by its
// methods, as a pipe, but for two things. A write of crypto/tls that is interrupted has
// broken the connection for good, so none is unless the connection is to end: what
// passes meanwhile is acted on while it waits. And it shakes hands first, in the time
// that TLS.HandshakeTimeout gives.
type tlsPipe struct {
	pipe
	tls     *tls.Conn
	state   *tls.ConnectionState
	hold    time.Duration // Close.Hold
	shaking atomic.Bool   // somebody shakes hands
	slow    int           // so many of the next writes are short, since one has waited

	mu    sync.Mutex // held by tick while it uses limit, and so by who gives or takes it
	limit carrier.Limit
	timer *time.Timer
}

const (
	// tlsSlice is what one call of Write gets at most: a record, RFC 8446 §5.1. To a
	// slow reader less is progress too.
	tlsSlice     = 16 << 10
	tlsSlowSlice = 2 << 10

	tlsSlowWrites = 32

	// tlsLook is how long a write may take before it is taken to wait.
	tlsLook = 10 * time.Millisecond
)

var errHandshakeProtocol = errors.New("engine: the handshake agreed on another protocol than HTTP/1.1")

// Interrupt: see carrier.Conn. A handshake goes on for as long as idle connections
// are held: whether it has begun can't be seen.
func (p *tlsPipe) Interrupt() {
	if p.shaking.Load() {
		_ = p.nc.SetReadDeadline(time.Now().Add(max(p.hold, 0)))
		return
	}
	p.pipe.Interrupt()
}

// handshake secures the connection. If it fails because of what the peer has said,
// that may go on without TLS.
func (p *tlsPipe) handshake(st *stream, until time.Time) error {
	_ = p.tls.SetDeadline(until)
	p.shaking.Store(true) // before the look: a drain notes before it interrupts
	switch w := st.word.Load(); {
	case w&streamClose != 0:
		return ErrServerClosed
	case w&streamDrain != 0:
		p.Interrupt()
	}
	err := p.tls.Handshake()
	p.shaking.Store(false)
	_ = p.tls.SetDeadline(time.Time{})
	p.readBy.stale, p.writeBy.stale = true, true
	if err == nil {
		if name := p.tls.ConnectionState().NegotiatedProtocol; name != "" && name != "http/1.1" && name != "http/1.0" {
			return fmt.Errorf("%w: %q", errHandshakeProtocol, name)
		}
		return nil
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && (until.IsZero() || time.Now().Before(until)):
		return errHandshakeDrain
	case !lostBelow(err):
		p.via = p.tls.NetConn() // crypto/tls has sent its alert
	}
	return err
}

// clear tells that it goes on without TLS.
func (p *tlsPipe) clear() bool { return p.via != p.nc }

func (p *tlsPipe) connectionState() *tls.ConnectionState {
	if p.state == nil {
		state := p.tls.ConnectionState()
		p.state = &state
	}
	return p.state
}

// lostBelow tells whether the error is of the connection, and not of what came over it.
func lostBelow(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op != "local error" // as crypto/tls has it for an alert of ours
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrDeadlineExceeded)
}

// Send: see carrier.Conn.
func (p *tlsPipe) Send(out *conn.Output, limit carrier.Limit) (total int64, err error) {
	if p.clear() {
		return p.pipe.Send(out, limit)
	}
	for _, b := range [...][]byte{out.Head, out.Body, out.Tail} {
		if len(b) == 0 {
			continue
		}
		return p.put(b, limit)
	}
	return 0, nil
}

// put sends some of b.
func (p *tlsPipe) put(b []byte, limit carrier.Limit) (int64, error) {
	size := tlsSlice
	if p.slow > 0 {
		p.slow--
		size = tlsSlowSlice
	}
	p.begin(limit)
	n, err := p.tls.Write(b[:min(len(b), size)])
	p.end()
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		err = carrier.ErrInterrupted // by tick: the connection has ended
	}
	return int64(n), err
}

func (p *tlsPipe) begin(limit carrier.Limit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = limit
	if p.timer == nil {
		p.timer = time.AfterFunc(tlsLook, p.tick)
	} else {
		p.timer.Reset(tlsLook)
	}
}

func (p *tlsPipe) end() {
	p.timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = nil
}

// expirer is a Limit that can act on its passing while an attempt to send goes on. It
// reports whether that has to end.
type expirer interface{ sendExpired() (over bool) }

// tick is called while a write waits, on behalf of who waits.
func (p *tlsPipe) tick() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit == nil {
		return
	}
	p.slow = tlsSlowWrites
	until := p.limit.SendLimit()
	if until.IsZero() {
		return
	}
	left := time.Until(until)
	if left <= 0 {
		if e, ok := p.limit.(expirer); !ok || e.sendExpired() {
			_ = p.tls.SetWriteDeadline(past)
			return
		}
		left = tlsLook
	}
	p.timer.Reset(left)
}

// SendFile: see carrier.Conn.
func (p *tlsPipe) SendFile(f carrier.File, offset, n int64, limit carrier.Limit) (int64, error) {
	buf := p.pool.take()
	defer p.pool.give(buf)
	piece := readPiece(buf, f, offset, n)
	if len(piece) == 0 {
		return 0, nil
	}
	return p.put(piece, limit)
}

// CloseWrite: see carrier.Conn. That of crypto/tls leaves the connection below open.
func (p *tlsPipe) CloseWrite(limit carrier.Limit) error {
	if p.clear() {
		return p.pipe.CloseWrite(limit)
	}
	if err := p.tls.CloseWrite(); err != nil { // it has a limit of its own, of 5 s
		return err
	}
	if half, ok := p.tls.NetConn().(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
