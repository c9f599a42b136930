package engine

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// secured carries TLS over another carrier. To crypto/tls it is the net.Conn
// below: what that reads has been received already, and what it writes is
// gathered, so that TLS itself never waits, and a wait that ends breaks nothing.
//
// It is given one record at a time: then nothing of the next one lies where
// nobody can see it.
type secured struct {
	below carrier.Conn
	tls   *tls.Conn
	srv   *Server
	state *tls.ConnectionState

	in      []byte       // received from below and not taken by tls
	record  int          // bytes of the present record that tls has not taken; 0: a header comes
	header  int          // bytes of a header that came in pieces and was taken
	length  int          // what it told so far
	wait    func() error // how tls waits for input while it shakes hands; nil: it does not
	plain   []byte       // of srv.workerBuffers, while Receive's view lies in it
	shut    bool         // our side has ended: what comes is not looked at
	clear   bool         // the peer doesn't speak TLS
	alerted bool         // it was told why there is no TLS
	err     error        // of receiving
	raw     net.Conn     // below, once it was hijacked
	given   bool         // it is somebody else's

	mu   sync.Mutex
	out  []byte // of srv.workerBuffers
	gone int    // of out, sent

	piece conn.Output // what is sent of out: here so that it needs no memory of its own

	left   int64 // bytes of plain text that out stands for and that were not reported as sent
	sealed int64 // bytes of out then
}

// gatherBytes is how much is gathered before it is sent.
const gatherBytes = 48 << 10

// mostGatheredBytes is more than gatherBytes are when sealed. Only a peer that asks
// for new keys time and again (RFC 8446 §4.6.3) without getting an answer meanwhile
// has as much gathered.
const mostGatheredBytes = 2 * gatherBytes

var errKeyUpdates = errors.New("engine: the peer asks for new keys too often")

// errNothing is what tls gets when there is nothing to read. It is temporary:
// tls goes on where it was.
var errNothing net.Error = nothing{}

type nothing struct{}

func (nothing) Error() string   { return "nothing has come" }
func (nothing) Timeout() bool   { return true }
func (nothing) Temporary() bool { return true }

// socket is what crypto/tls sees.
type socket struct{ *secured }

// Read gives no more than the present record.
func (k socket) Read(p []byte) (int, error) {
	s := k.secured
	if s.given && len(s.in) == 0 {
		return s.raw.Read(p)
	}
	for !s.look() {
		switch {
		case s.err != nil:
			return 0, s.err
		case s.wait == nil:
			return 0, errNothing
		}
		if err := s.wait(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.in[:min(len(s.in), s.within())])
	s.taken(s.in[:n])
	s.in = s.in[n:]
	return n, nil
}

// look takes over what has come. It reports false if nothing has, or what broke
// the connection is in err.
func (s *secured) look() bool {
	if len(s.in) == 0 {
		s.below.Release()
		s.in, s.err = s.below.Receive()
	}
	return len(s.in) > 0
}

// recordHeader is the length of a record's header (RFC 8446 §5.1); its last two
// bytes are the length of the rest.
const recordHeader = 5

// within returns how much of what is there belongs to the present record, at most.
func (s *secured) within() int {
	if s.record > 0 {
		return s.record
	}
	if s.header == 0 && len(s.in) >= recordHeader {
		return recordHeader + int(s.in[3])<<8 + int(s.in[4])
	}
	return recordHeader - s.header
}

// taken follows the records' bounds.
func (s *secured) taken(b []byte) {
	for len(b) > 0 {
		if s.record > 0 {
			n := min(s.record, len(b))
			s.record -= n
			b = b[n:]
			continue
		}
		if s.header >= 3 {
			s.length = s.length<<8 | int(b[0])
		}
		b = b[1:]
		if s.header++; s.header == recordHeader {
			s.record, s.header, s.length = s.length, 0, 0
		}
	}
}

// Write gathers.
func (k socket) Write(p []byte) (int, error) {
	s := k.secured
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.given {
		if out := s.out[s.gone:]; len(out) > 0 { // new keys that nothing has carried yet
			s.out, s.gone = nil, 0
			if _, err := s.raw.Write(out); err != nil {
				return 0, err
			}
		}
		return s.raw.Write(p)
	}
	if s.wait == nil && len(s.out)-s.gone > mostGatheredBytes {
		return 0, errKeyUpdates
	}
	if s.out == nil {
		s.out = s.srv.workerBuffers.take()[:0]
	}
	s.out = append(s.out, p...)
	return len(p), nil
}

// Close and the deadlines are for who has hijacked it.
func (k socket) Close() error {
	if k.raw != nil {
		return k.raw.Close()
	}
	return nil
}

func (k socket) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(k.below.LocalAddr()) }
func (k socket) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(k.below.RemoteAddr()) }

func (k socket) SetDeadline(t time.Time) error {
	return errors.Join(k.SetReadDeadline(t), k.SetWriteDeadline(t))
}

func (k socket) SetReadDeadline(t time.Time) error {
	if k.raw != nil {
		return k.raw.SetReadDeadline(t)
	}
	return nil
}

func (k socket) SetWriteDeadline(t time.Time) error {
	if k.raw != nil {
		return k.raw.SetWriteDeadline(t)
	}
	return nil
}

// Await: see carrier.Conn.
func (s *secured) Await(until time.Time, idle bool) error {
	if s.err != nil || len(s.in) > 0 {
		return nil
	}
	s.below.Release()
	return s.below.Await(until, idle)
}

// Receive: see carrier.Conn.
func (s *secured) Receive() ([]byte, error) {
	switch {
	case s.err != nil:
		return nil, s.err
	case s.shut || s.clear:
		s.look()
		p := s.in
		s.in = nil
		return p, s.err
	case !s.look() && s.err == nil:
		return nil, nil
	}
	s.err = nil // tls is to see it
	if s.plain == nil {
		s.plain = s.srv.workerBuffers.take()
	}
	n, err := s.tls.Read(s.plain)
	if n == 0 {
		s.Release()
	}
	switch {
	case err == nil || errors.Is(err, errNothing):
	case errors.Is(err, io.ErrUnexpectedEOF):
		s.err = io.EOF
	default:
		s.err = err
	}
	if n > 0 {
		return s.plain[:n], nil
	}
	return nil, s.err
}

// Release: see carrier.Conn.
func (s *secured) Release() {
	if s.plain != nil {
		s.srv.workerBuffers.give(s.plain)
		s.plain = nil
	}
	if len(s.in) == 0 {
		s.below.Release()
	}
}

// Watch: see carrier.Conn. The alert that tells of the end is not looked at, but
// the end itself, which follows it.
func (s *secured) Watch() error {
	if s.err != nil {
		return s.err
	}
	return s.below.Watch()
}

// AwaitEnd: see carrier.Conn.
func (s *secured) AwaitEnd(until time.Time) error {
	if s.err != nil {
		return nil
	}
	return s.below.AwaitEnd(until)
}

// Send: see carrier.Conn.
func (s *secured) Send(out *conn.Output, limit carrier.Limit) (int64, error) {
	if s.clear {
		return s.below.Send(out, limit)
	}
	if s.left == 0 {
		for _, b := range [...][]byte{out.Head, out.Body, out.Tail} {
			b = b[:min(int64(len(b)), gatherBytes-s.left)]
			if len(b) == 0 {
				continue
			}
			if err := s.seal(b); err != nil {
				return 0, err
			}
		}
	}
	return s.flushSome(limit)
}

func (s *secured) seal(b []byte) error {
	n, err := s.tls.Write(b)
	s.left += int64(n)
	s.mu.Lock() // who receives may have an alert, or new keys, to send
	defer s.mu.Unlock()
	s.sealed = int64(len(s.out) - s.gone)
	return err
}

// SendFile: see carrier.Conn.
func (s *secured) SendFile(f carrier.File, offset, n int64, limit carrier.Limit) (int64, error) {
	if s.left == 0 {
		buf := s.srv.workerBuffers.take()
		piece := readPiece(buf[:gatherBytes], f, offset, n)
		err := error(nil)
		if len(piece) > 0 {
			err = s.seal(piece)
		}
		s.srv.workerBuffers.give(buf)
		if err != nil || len(piece) == 0 {
			return 0, err
		}
	}
	return s.flushSome(limit)
}

// flushSome is flush until there is something to report: the last byte of plain text
// has several that stand for it, and these may leave one after the other.
func (s *secured) flushSome(limit carrier.Limit) (n int64, err error) {
	for n == 0 && err == nil && s.left > 0 {
		n, err = s.flush(limit)
	}
	return n, err
}

// flush sends what is gathered, and reports the part of the plain text that
// corresponds to it: all of it only with the last byte.
func (s *secured) flush(limit carrier.Limit) (int64, error) {
	s.mu.Lock()
	s.piece.Head = s.out[s.gone:]
	s.mu.Unlock()
	var n int64
	var err error
	if len(s.piece.Head) > 0 {
		n, err = s.below.Send(&s.piece, limit)
	}
	s.piece.Head = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone += int(n)
	part := s.left
	if left := int64(len(s.out) - s.gone); left > 0 {
		part = 0
		if n > 0 && s.left > 1 {
			part = min(max(s.left*n/s.sealed, 1), s.left-1)
		}
		s.sealed = left
	} else {
		s.dropOut()
	}
	s.left -= part
	return part, err
}

func (s *secured) dropOut() {
	if cap(s.out) == workerReceiveBytes { // it has not grown out of the pool's
		s.srv.workerBuffers.give(s.out[:cap(s.out)])
	}
	s.out, s.gone = nil, 0
}

// Unacknowledged: see carrier.Conn. These are sealed bytes, more than the plain
// ones: it errs on the side of waiting.
func (s *secured) Unacknowledged() (int64, error) { return s.below.Unacknowledged() }

// CloseWrite: see carrier.Conn. RFC 8446 §6.1: "Each party MUST send a
// "close_notify" alert before closing its write side of the connection".
func (s *secured) CloseWrite(limit carrier.Limit) error {
	if err := s.goodbye(limit); err != nil {
		return err
	}
	return s.below.CloseWrite(limit)
}

func (s *secured) goodbye(limit carrier.Limit) error {
	if s.shut || s.clear {
		return nil
	}
	s.shut = true
	if err := s.tls.CloseWrite(); err != nil {
		return err
	}
	return s.flushAll(limit)
}

func (s *secured) flushAll(limit carrier.Limit) error {
	for s.gathered() {
		if _, err := s.flush(limit); err != nil {
			return err
		}
	}
	return nil
}

// held is how many bytes are gathered, for the memory budget.
func (s *secured) held() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.out) - s.gone)
}

func (s *secured) gathered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.out) > 0
}

// Close: see carrier.Conn.
func (s *secured) Close(reset bool) {
	if !reset {
		_ = s.goodbye(briefly{})
	}
	s.dropOut()
	s.in = nil
	s.below.Release()
	s.below.Close(reset)
}

// briefly is the limit of what is sent on the way out.
type briefly struct{}

func (briefly) SendLimit() time.Time { return time.Now().Add(50 * time.Millisecond) }

// Interrupt: see carrier.Conn.
func (s *secured) Interrupt() { s.below.Interrupt() }

// Abort: see carrier.Conn.
func (s *secured) Abort() { s.below.Abort() }

// Hijack: see carrier.Conn. The *tls.Conn goes over: from LetGo on it works on the
// connection below like any other. What it has not looked at yet it still gets.
func (s *secured) Hijack() (net.Conn, []byte, error) {
	nc, received, err := s.below.Hijack()
	if err != nil {
		return nil, nil, err
	}
	s.in = append(append([]byte(nil), s.in...), received...)
	s.plain = nil // the view of it that was given lasts
	s.raw = nc
	return s.tls, nil, nil
}

// LetGo: see carrier.Conn.
func (s *secured) LetGo() {
	s.below.LetGo()
	s.given = true
}

// RemoteAddr: see carrier.Conn.
func (s *secured) RemoteAddr() netip.AddrPort { return s.below.RemoteAddr() }

// LocalAddr: see carrier.Conn.
func (s *secured) LocalAddr() netip.AddrPort { return s.below.LocalAddr() }

func (s *secured) connectionState() *tls.ConnectionState {
	if s.state == nil {
		state := s.tls.ConnectionState()
		s.state = &state
	}
	return s.state
}
