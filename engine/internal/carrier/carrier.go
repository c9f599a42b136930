package carrier

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// ErrInterrupted is returned by a method that waits when its time has passed, or
// when Interrupt was called.
var ErrInterrupted = errors.New("carrier: interrupted, or the time has passed")

// Limit tells until when an attempt to send may wait; zero: without limit. It is
// asked when the attempt has to wait, or may have to.
type Limit interface{ SendLimit() time.Time }

// Conn is a connection as its carrier sees it. Its methods are called by one
// goroutine at a time, but for Interrupt and Abort, which any goroutine may call
// until Close has returned, and for sending and receiving at the same time.
type Conn interface {
	// Await waits until Receive has something to tell, or until the time (zero:
	// without limit). idle says that the connection is between two requests: it
	// is to hold as little as it can. The errors are ErrInterrupted, and whatever
	// breaks the connection. Nothing that was received lies in memory that
	// Release has not been called for.
	Await(until time.Time, idle bool) error

	// Receive returns what has been received, without waiting: a view that is
	// valid until Release. nil, nil: nothing. io.EOF: the peer has ended its side.
	// Any other error: the connection is broken.
	Receive() ([]byte, error)

	// Release ends the views that Receive has returned.
	Release()

	// Watch waits for the peer's end while nobody receives, as far as that can be
	// seen without losing input: nil says that it can't be seen any more. The
	// errors are io.EOF, ErrInterrupted, and whatever breaks the connection.
	// A carrier that is told of the end otherwise, and then calls Stream.Ready or
	// Stream.Broken, returns nil at once.
	Watch() error

	// AwaitEnd waits until the peer has ended its side or broken the connection, and
	// leaves what it has sent where it is: Receive will find the end behind that. nil
	// says so. The errors are those of Await. A carrier that can't see as much waits
	// for the time. What Receive has returned may be in use.
	AwaitEnd(until time.Time) error

	// Send sends from the front of out and returns how many bytes of it need not
	// be given again; File is left alone. Having sent some, it does not wait for
	// the rest. The errors are ErrInterrupted (the time has passed without any
	// progress), and whatever breaks the connection. Bytes of out that were not
	// counted are given again, unchanged, by the next call.
	Send(out *conn.Output, limit Limit) (n int64, err error)

	// SendFile is Send for n bytes of a file from offset on. No bytes and no error:
	// the file has ended, or can't be read.
	SendFile(f File, offset, n int64, limit Limit) (sent int64, err error)

	// Unacknowledged returns how many of the bytes that were sent the peer's system
	// has not acknowledged yet; none if that can't be known. An error says that the
	// connection is broken.
	Unacknowledged() (int64, error)

	// CloseWrite ends our side, so that the peer sees the end of our bytes and can
	// go on sending. An error says that the connection has no such thing, or is
	// broken: it is to be closed then.
	CloseWrite(limit Limit) error

	// Close ends the connection; reset: so that the peer can't take it for an
	// orderly end.
	Close(reset bool)

	// Interrupt has an Await, an AwaitEnd or a Watch under way, or the next one,
	// return ErrInterrupted.
	Interrupt()

	// Abort breaks the connection with a reset: whatever waits returns an error.
	Abort()

	// Hijack returns what the carrier stands for, and what has been received and
	// not taken, in memory that is not used again. From then on nothing is received;
	// what is to be sent still is, and then LetGo or Close is the last call: with
	// LetGo the connection stays open, without deadlines.
	Hijack() (nc net.Conn, received []byte, err error)
	LetGo()

	RemoteAddr() netip.AddrPort
	LocalAddr() netip.AddrPort
}

// Stream is the engine's side of a connection. Any goroutine may call its
// methods, until Conn.Close has been called and after.
type Stream interface {
	// Ready says that there may be something to receive.
	Ready()
	// Ended says that the peer has ended its side: requests that came before are
	// answered. Broken says that nothing can be sent either.
	Ended()
	Broken()
	// Overrun ends a connection whose peer sends more than the carrier can leave
	// unread.
	Overrun()
}
