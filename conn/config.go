package conn

import (
	"time"

	"github.com/pollard-go/pollard/parser"
)

// Config holds what all connections of a server share. It must not change
// while a connection uses it. Every number must be set: DefaultConfig gives
// safe ones. A duration, or a number other than a limit on heads, that is
// zero or negative is off.
type Config struct {
	// Head bounds request heads and trailer sections.
	Head parser.Limits

	// BodyBytes bounds the content of a request (413). Off by default: content
	// streams through a fixed window, whatever its length.
	BodyBytes int64

	// DiscardBytes is how much of a body that no handler asked for is read and
	// thrown away to keep the connection. Above it the connection ends.
	DiscardBytes int64

	// OutputBytes is the high-water mark of output not sent yet. Above it no
	// further request is parsed, and Write accepts nothing.
	OutputBytes int

	// Pipelined is how many answers are gathered at most before they are sent and
	// the next request is parsed.
	Pipelined int

	// Transactions is how many requests a connection may carry, and MaxAge how old
	// it may be when a request head is complete: the answer is then the last.
	Transactions int
	MaxAge       time.Duration
	// Jitter is by how many percent of them, at most, the limits of a connection
	// are lower than Transactions and MaxAge, as drawn by Random when it opens: a
	// fleet of clients that connected together is not to come back together.
	Jitter int
	// Random returns uniformly distributed bits. With nil there is no jitter.
	Random func() uint64

	// IdleTimeout is how long a connection may wait for a request's first byte.
	IdleTimeout time.Duration
	// HeadTimeout is how long a head may take from its first byte to its last.
	HeadTimeout time.Duration
	// BodyTimeout is how long a wanted body may make no progress.
	BodyTimeout time.Duration
	// WriteTimeout is how long unsent output may make no progress: what the driver
	// tells as acknowledged, else what it tells as sent.
	WriteTimeout time.Duration
	// ReceiveTimeout is how long a request may take from its head's first byte to
	// its body's last. Time in which content has come and is not asked for does
	// not count.
	ReceiveTimeout time.Duration
	// ReadRate and WriteRate are how many bytes a second a wanted body must come
	// with, and unsent output must leave with, at most 1 GiB. Only time in which
	// the peer is waited for counts: it may be RateGrace, and as long as the bytes
	// that have come or left take at the rate. Those that the driver tells as
	// acknowledged have left, and of earlier answers 64 KiB, which the peer may not
	// have read yet.
	ReadRate, WriteRate int64
	RateGrace           time.Duration
	// LingerIdle is how long a lingering connection waits for more input, or for
	// the peer to acknowledge more; LingerTotal is how long it lingers at all.
	LingerIdle, LingerTotal time.Duration
	// LingerBytes is how much is thrown away at most behind what is answered, so
	// that the peer can read the last answer.
	LingerBytes int64
	// ResetFor are ends for which a connection is reset instead of lingering: the
	// peer may then not get the last answer.
	ResetFor Reasons
	// DrainLinger is LingerIdle for a connection that was told to Drain, if it is
	// less.
	DrainLinger time.Duration

	// KeepAliveField announces the limits to every peer that is told
	// "Connection: keep-alive"; HTTP/1.0 peers that negotiated persistence
	// are told in any case.
	KeepAliveField bool

	// Secured says that connections are secured (TLS): only then may a request's
	// target be an https one.
	Secured bool

	// Debug has bytes written over as soon as their views are void: the head of a
	// request when it ends, wherever it lies, the fields of its answer, and memory
	// that goes back to a pool. Received bytes must then be the driver's to change.
	Debug bool

	// Date returns the value of the Date field of an answer that is made now
	// (RFC 9110 §6.6.1, IMF-fixdate). The connection copies it at once.
	// With nil no Date is sent, which only a server without a clock may do.
	Date func() []byte
}

// DefaultConfig returns the numbers that a server uses unless told otherwise.
func DefaultConfig() Config {
	return Config{
		Head: parser.Limits{
			RequestLine: 8 << 10,  // RFC 9112 §3: at least 8000 octets
			FieldLine:   16 << 10, // cookies of several KB are common
			Head:        64 << 10,
			Fields:      128,
		},
		DiscardBytes: 256 << 10,
		OutputBytes:  64 << 10,
		Pipelined:    128,
		MaxAge:       time.Hour, // load follows when servers come and go
		Jitter:       10,
		ReadRate:     240, // a peer that is slower than a modem of 2400 bit/s holds more than it brings
		WriteRate:    240,
		RateGrace:    10 * time.Second,
		LingerBytes:  1 << 30,          // any upload that ends in time; the clock bounds the others
		IdleTimeout:  75 * time.Second, // above the 60 s of common load balancers: the client side ends first
		HeadTimeout:  20 * time.Second,
		BodyTimeout:  30 * time.Second,
		WriteTimeout: 30 * time.Second,
		LingerIdle:   5 * time.Second,
		LingerTotal:  30 * time.Second,
		DrainLinger:  time.Second,
	}
}
