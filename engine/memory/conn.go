package memory

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// What a socket would say.
const (
	errReset   = syscall.ECONNRESET
	errRefused = syscall.ECONNREFUSED
	errBroken  = syscall.EPIPE
)

// Conn is one side of a connection. Its methods may be called by any goroutine.
type Conn struct {
	in, out *stream
	resets  atomic.Bool
}

// Pair returns the two sides of a connection that buffers so many bytes in each
// direction.
func Pair(buffer int) (*Conn, *Conn) {
	a, b := newStream(buffer), newStream(buffer)
	return &Conn{in: a, out: b}, &Conn{in: b, out: a}
}

// Read waits for a byte at least.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &net.OpError{Op: "read", Net: network, Addr: address{}, Err: err}
	}
	return n, err
}

// Write waits until all of p has been buffered.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	if err != nil {
		err = &net.OpError{Op: "write", Net: network, Addr: address{}, Err: err}
	}
	return n, err
}

// CloseWrite ends our direction: the other side reads what is buffered, then
// io.EOF.
func (c *Conn) CloseWrite() error {
	c.out.end(io.EOF)
	return nil
}

// Close ends both directions. The other side can still read what is buffered, and
// then gets io.EOF, or after SetLinger(0) an error.
func (c *Conn) Close() error {
	if c.resets.Load() {
		c.out.reset()
	} else {
		c.out.end(io.EOF)
	}
	c.out.closeLocally(&c.out.writer)
	c.in.closeLocally(&c.in.reader)
	return nil
}

// SetLinger makes Close a reset if sec is 0.
func (c *Conn) SetLinger(sec int) error {
	c.resets.Store(sec == 0)
	return nil
}

// LocalAddr and RemoteAddr return the one address that there is.
func (c *Conn) LocalAddr() net.Addr { return address{} }

// RemoteAddr is LocalAddr.
func (c *Conn) RemoteAddr() net.Addr { return address{} }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline: see net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.in.setDeadline(&c.in.reader, t) }

// SetWriteDeadline: see net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.out.setDeadline(&c.out.writer, t) }

// stream is one direction.
type stream struct {
	mu      sync.Mutex
	changed sync.Cond
	buf     []byte // written and not read
	max     int
	ended   error // after what is buffered: io.EOF or errReset
	reader  side
	writer  side
}

// side is what one of both has set.
type side struct {
	closed   bool
	deadline time.Time
	timer    *time.Timer
}

func newStream(max int) *stream {
	s := &stream{max: max}
	s.changed.L = &s.mu
	return s
}

func (d *side) err() error {
	switch {
	case d.closed:
		return net.ErrClosed
	case !d.deadline.IsZero() && !time.Now().Before(d.deadline):
		return os.ErrDeadlineExceeded
	}
	return nil
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if err := s.reader.err(); err != nil {
			return 0, err
		}
		if len(s.buf) > 0 || len(p) == 0 {
			n := copy(p, s.buf)
			if s.buf = s.buf[n:]; len(s.buf) == 0 {
				s.buf = nil
			}
			s.changed.Broadcast()
			return n, nil
		}
		if s.ended != nil {
			return 0, s.ended
		}
		s.changed.Wait()
	}
}

func (s *stream) write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if err := s.writer.err(); err != nil {
			return n, err
		}
		if s.ended != nil || s.reader.closed {
			return n, errBroken
		}
		k := min(len(p)-n, s.max-len(s.buf))
		s.buf = append(s.buf, p[n:n+k]...)
		if n += k; k > 0 {
			s.changed.Broadcast()
		}
		if n == len(p) {
			return n, nil
		}
		s.changed.Wait()
	}
}

// end has no more be written.
func (s *stream) end(with error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.ended = with
	}
	s.changed.Broadcast()
}

func (s *stream) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = errReset
	s.changed.Broadcast()
}

func (s *stream) closeLocally(d *side) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.closed = true
	if d.timer != nil {
		d.timer.Stop()
	}
	s.changed.Broadcast()
}

func (s *stream) setDeadline(d *side, t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.closed {
		return net.ErrClosed
	}
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if d.deadline = t; !t.IsZero() {
		d.timer = time.AfterFunc(time.Until(t), func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.changed.Broadcast()
		})
	}
	s.changed.Broadcast()
	return nil
}
