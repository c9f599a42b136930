package memory

import (
	"context"
	"net"
	"sync"
)

// DefaultBuffer is how many bytes are buffered in each direction, unless told
// otherwise: as much as a socket has at first.
const DefaultBuffer = 64 << 10

// Listener accepts connections that its Dial makes. It is a net.Listener.
type Listener struct {
	buffer int
	made   chan *Conn
	ended  chan struct{}
	once   sync.Once

	dialling sync.RWMutex // held to read while Dial may put something into made
}

// Listen returns a listener whose connections buffer DefaultBuffer bytes in each
// direction.
func Listen() *Listener { return ListenBuffered(DefaultBuffer) }

// ListenBuffered is Listen with a number of bytes, at least 1.
func ListenBuffered(bytes int) *Listener {
	return &Listener{buffer: max(bytes, 1), made: make(chan *Conn, 128), ended: make(chan struct{})}
}

// Accept waits for a connection. After Close it returns those that had been made,
// and then net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.made:
		return c, nil
	case <-l.ended:
	}
	l.dialling.Lock() // those that dial have made theirs, and from here on see the end
	defer l.dialling.Unlock()
	select {
	case c := <-l.made:
		return c, nil
	default:
		return nil, &net.OpError{Op: "accept", Net: network, Addr: l.Addr(), Err: net.ErrClosed}
	}
}

// Close ends the listener. It may be called more than once.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.ended) })
	return nil
}

// Addr returns the one address that there is.
func (l *Listener) Addr() net.Addr { return address{} }

// Dial makes a connection. It waits while 128 have not been accepted.
func (l *Listener) Dial() (*Conn, error) { return l.dial(context.Background()) }

// DialContext is Dial in the form that http.Transport wants: network and address
// don't matter.
func (l *Listener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	c, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (l *Listener) dial(ctx context.Context) (*Conn, error) {
	near, far := Pair(l.buffer)
	l.dialling.RLock()
	defer l.dialling.RUnlock()
	select {
	case <-l.ended: // also when there would be room
	default:
		select {
		case l.made <- far:
			return near, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-l.ended:
		}
	}
	return nil, &net.OpError{Op: "dial", Net: network, Addr: l.Addr(), Err: errRefused}
}

const network = "memory"

// address is a net.Addr.
type address struct{}

func (address) Network() string { return network }
func (address) String() string  { return network }
