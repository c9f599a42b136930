package engine

import (
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// Options sets a Server up. The zero value is a safe server on ":8080". Every
// field says what zero and negative mean. They are checked when the server
// starts; a wrong one stops it with an *OptionError that names the field. So does a
// duration below a millisecond: most likely it lacks its unit.
type Options struct {
	// Addr is where ListenAndServe listens: "host:port" for TCP over IPv4 and
	// IPv6, "unix:/path" for a Unix socket. Empty: ":8080".
	// A Unix socket's file goes when the server ends, unless another has been put in
	// its place; one that a killed process has left behind is in the way until it is
	// removed. Its permissions are what the umask leaves: for others, let Serve have
	// it from net.Listen and os.Chmod.
	Addr string

	Listen    ListenOptions
	KeepAlive KeepAliveOptions
	Timeouts  TimeoutOptions
	Limits    LimitOptions
	Dispatch  DispatchOptions
	Close     CloseOptions
	TLS       TLSOptions
	Hooks     Hooks

	// Panic says what a panic of a handler does. Zero: PanicRecover.
	Panic PanicPolicy

	// Debug finds handlers that keep what is not theirs: buffers are overwritten
	// (with 0xDB) as soon as their views are void, and every method of a Request or
	// a Response panics after its handler has returned. For tests: each request
	// costs two allocations and the filling of a buffer, some microseconds.
	// False: such a handler may see bytes of other requests.
	Debug bool

	// Logger gets panics of handlers and failures of listeners. Nil: slog.Default().
	Logger *slog.Logger
}

// KeepAliveOptions say how long a connection lasts when nothing is wrong.
type KeepAliveOptions struct {
	// IdleTimeout is how long a connection may wait for the next request's first
	// byte. Zero: 75 s, above the 60 s of common load balancers, so that they end
	// idle connections and not we, who might do so while a request is on its way.
	// Negative: without limit.
	IdleTimeout time.Duration
	// MaxRequests is how many requests a connection may carry; the last answer
	// says "Connection: close". Zero or negative: without limit.
	MaxRequests int
	// MaxAge is how old a connection may be when a request comes; the answer says
	// "Connection: close". An idle connection is not ended for it. Zero: 1 h, so
	// that load follows when servers are added or addresses change, at the price of
	// a handshake. Negative: without limit.
	MaxAge time.Duration
	// Jitter is by how many percent, at most, each connection's own MaxRequests and
	// MaxAge are lower, as drawn when it opens, but never below one request:
	// clients that came together do not come back together. Zero: 10. Negative:
	// none. At most 100.
	Jitter int
	// Announce sends "Keep-Alive: timeout=, max=" with every answer, telling the
	// limits as they are for this connection. False: only to HTTP/1.0 peers that asked for keep-alive.
	Announce bool
}

// TimeoutOptions bound how long a peer may keep the server waiting.
type TimeoutOptions struct {
	// Head is how long a request head may take from its first byte (408).
	// Zero: 20 s. Negative: without limit.
	Head time.Duration
	// Body is how long a body that is asked for may make no progress.
	// Zero: 30 s. Negative: without limit.
	Body time.Duration
	// Write is how long an answer may make no progress because the peer does not
	// read: over TCP on Linux, how long its system acknowledges nothing. Zero: 30 s. Negative: without limit.
	Write time.Duration
	// Receive is how long a request may take from its head's first byte to its
	// body's last (408). Time in which the handler does not ask for the body does
	// not count. Zero or negative: without limit; ReadRate bounds it.
	Receive time.Duration
	// ReadRate is how many bytes a second a body that is asked for must come with
	// (408), and WriteRate with how many an answer must leave. Only time in which
	// the peer is waited for counts: for a body, or while output is unsent, it may
	// be RateGrace and as long as the bytes so far take at the rate. Zero: 240.
	// Negative: no such limit, for peers that stream and pause for long. At most
	// 1 GiB.
	ReadRate, WriteRate int64
	// RateGrace is how long a peer may be slower. Zero: 10 s. Negative: none.
	RateGrace time.Duration
	// Request is how long a handler may take, from its call: the context of its
	// request then ends with ErrRequestTimeout, and what follows is the handler's
	// to decide. It does not apply to Detached. Zero or negative: without limit.
	Request time.Duration
}

// LimitOptions bound what a peer may send, and what is buffered for it.
type LimitOptions struct {
	// RequestLine bounds the request line in bytes (414). Zero: 8 KiB.
	// Negative: an error, as for all fields here that do not say otherwise.
	RequestLine int
	// FieldLine bounds one field line in bytes (431). Zero: 16 KiB.
	FieldLine int
	// HeadBytes bounds the whole head in bytes (431). Zero: 64 KiB.
	HeadBytes int
	// Fields bounds the number of field lines (431). Zero: 128.
	Fields int
	// BodyBytes bounds the content of a request in bytes (413). Zero or negative:
	// without limit; content streams through a fixed amount of memory.
	BodyBytes int64
	// WholeBody bounds what Request.ReadAll gathers, in bytes. Zero: 4 MiB.
	WholeBody int
	// MemoryBytes bounds all bytes that the engine buffers for connections: heads
	// that are not complete, unread and gathered bodies, unsent output. Near it the
	// connections that hold most are not read from; at it none is, no connection
	// is accepted, and ReadAll fails with ErrMemory. Zero: 1 GiB. Negative: without
	// limit.
	MemoryBytes int64
	// DiscardBytes is how much of a body that no handler read is read and thrown
	// away to keep the connection. Zero: 256 KiB. Negative: nothing.
	DiscardBytes int64
	// OutputBytes is how much unsent output a connection may hold before its
	// handler waits and no further request is taken from it. Zero: 64 KiB.
	OutputBytes int
	// Pipelined is how many answers of a connection are gathered before they are
	// sent and its next request is looked at. Zero: 128. Negative: only OutputBytes
	// counts.
	Pipelined int

	// Connections is how many connections are served at a time. Zero: as many as
	// the process's descriptor limit allows when the server starts, with a reserve
	// for what handlers open: the greater of 32 and an eighth of the limit, and at
	// most two thirds of what is free. Negative: without limit. Connections that
	// are never idle keep their places, however many wait: KeepAlive.MaxRequests
	// and MaxAge have them change.
	Connections int
	// Refusal says what becomes of those above. Zero: RefuseWait.
	Refusal RefusalPolicy
	// SoftConnections is the number of connections above which each new one ends
	// the one that has been idle longest, if that is for ShedMinIdle. Zero: 7/8 of
	// Connections. Negative: none is ended for their number.
	SoftConnections int
	// ShedMinIdle is how long a connection must have been idle to give way to
	// others: above SoftConnections, when descriptors run out, or when the memory
	// budget nears its end. Zero: 1 s. Negative: any time.
	ShedMinIdle time.Duration
	// ClientConnections is how many connections one client may have: an IPv4
	// address, or an IPv6 prefix of ClientPrefix bits. Those above are refused, with
	// RefuseWait too, by an answer. Unix sockets are not counted. Zero or negative:
	// without limit.
	ClientConnections int
	// ClientPrefix is how many bits of an IPv6 address make a client. Zero: 64.
	// Negative, or more than 128: an error.
	ClientPrefix int
	// Trusted are the addresses of proxies, whose connections are not counted by
	// client.
	Trusted []netip.Prefix
}

// RefusalPolicy says what becomes of connections that are too many.
type RefusalPolicy uint8

const (
	// RefuseWait leaves them in the kernel's backlog until others have ended.
	RefuseWait RefusalPolicy = iota
	// Refuse503 answers them at once, before any request, with status 503,
	// Dispatch.RetryAfter and "Connection: close". A refused connection lasts at
	// most a second. So many of them that they are an eighth of Connections, or
	// 1024, are reset.
	Refuse503
	// RefuseReset resets them.
	RefuseReset
)

// Mode says which goroutine runs handlers.
type Mode uint8

const (
	// DefaultMode is ModeAdaptive.
	DefaultMode Mode = iota
	// ModeAdaptive runs handlers on the event loop as ModeInline does, and lets
	// another goroutine go on with the loop when one has held it for about a
	// millisecond. A loop whose handlers keep doing so gives requests to the pool
	// first, as ModePooled does, for as long as that goes on.
	ModeAdaptive
	// ModeInline runs handlers on the event loop: no wake-up, the cheapest. A
	// handler must not block other than in this package's own calls, which let
	// another goroutine go on with the loop.
	ModeInline
	// ModePooled runs each request on a goroutine of a pool.
	ModePooled
)

var modeNames = [...]string{"adaptive", "adaptive", "inline", "pooled"}

func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return fmt.Sprintf("Mode(%d)", uint8(m))
}

// UnmarshalText sets the mode from its name, for flags and configuration files.
func (m *Mode) UnmarshalText(text []byte) error {
	for _, mode := range []Mode{ModeAdaptive, ModeInline, ModePooled} {
		if string(text) == mode.String() {
			*m = mode
			return nil
		}
	}
	return fmt.Errorf("engine: no mode %q: adaptive, inline or pooled", text)
}

// DispatchOptions say who does the work.
type DispatchOptions struct {
	// Mode says which goroutine runs handlers. Zero: ModeAdaptive. Inline and
	// Pooled wrap a handler that is to choose for itself.
	Mode Mode
	// Loops is the number of event loops. Zero: runtime.GOMAXPROCS(0).
	// Negative: an error.
	Loops int
	// Workers is how many requests may have a goroutine of the pool at a time.
	// Zero: 16384. Negative: without limit.
	Workers int
	// Queue is how many more requests may wait for one. Above it they are answered
	// with 503 and RetryAfter. Zero: as many as Workers. Negative: none.
	Queue int
	// RetryAfter is what such an answer's Retry-After field says, in whole
	// seconds. Zero: 1 s. Negative: an error.
	RetryAfter time.Duration
	// IdleWorkers is how many goroutines without work are kept for the next
	// request, for up to 10 s. Zero: 256 for each loop. Negative: none.
	IdleWorkers int
}

// CloseOptions say how a connection is ended so that the peer can read the last
// answer: our side is ended, then what comes is discarded until the peer ends.
type CloseOptions struct {
	// LingerIdle is how long to wait for more input. A peer that meanwhile took
	// some of what was sent before is waited for again, on TCP under Linux. Zero:
	// 5 s. Negative: only LingerTotal counts.
	LingerIdle time.Duration
	// LingerTotal is how long to linger at all. Zero: 30 s. Negative: only
	// LingerIdle counts.
	LingerTotal time.Duration
	// LingerBytes is how much to discard behind what is answered. Zero: 1 GiB, so
	// that whoever uploads and reads only then gets its answer, as far as
	// LingerTotal allows. Negative: without limit.
	LingerBytes int64
	// Reset are the ends, by reason, for which a connection is reset instead of
	// ended in order: no FIN, no TIME_WAIT, and what the system has not delivered
	// of the last answer is lost. For ends where that does not matter, such as
	// conn.ReasonsOf(conn.ReasonBadRequest, conn.ReasonHeadTimeout) under attack.
	// An answer that the connection's end delimits is always ended in order. Zero:
	// none.
	Reset conn.Reasons
	// Notice is how long Shutdown goes on serving after it has called
	// Hooks.Draining, so that health checks can fail and balancers turn away before
	// connections are refused. It counts in Shutdown's context. Zero: none.
	// Negative: an error.
	Notice time.Duration
	// DrainLinger is LingerIdle from when Shutdown has stopped accepting, if it is
	// less: a peer that has got its answers and our end, and sends nothing, need
	// not hold up the shutdown; one that still sends a body is waited for. Zero:
	// 1 s, so that a lost packet and a slow path are no reason to break off.
	// Negative: LingerIdle stays.
	DrainLinger time.Duration
	// Hold is how long an idle connection is kept when the server shuts down, from
	// then or from its last answer, whichever is later: a request that is on its
	// way then is answered, and the answer says "Connection: close". Zero: 500 ms,
	// more than most round trips. Negative: none; such a request may be lost.
	Hold time.Duration
	// HalfClose says what it means that a peer ends its side while its request is
	// under way. Zero: HalfCloseServe.
	HalfClose HalfClosePolicy
	// WaitHijacked has Shutdown wait until all connections that handlers have taken
	// (Response.Hijack) are closed by those who hold them; it never closes them
	// itself. False: it leaves them alone.
	WaitHijacked bool
}

// HalfClosePolicy says what a peer wants that ends its side of the connection
// and has not got its answer. TCP can't tell one that still reads from one that
// has gone; the first write to the latter will.
type HalfClosePolicy uint8

const (
	// HalfCloseServe gives it its answers: it may still read.
	HalfCloseServe HalfClosePolicy = iota
	// HalfCloseCancel also ends the contexts of its request under way and of those
	// behind it, with ErrPeerEnded, as soon as its end is seen: it is taken to have
	// gone. What handlers write all the same is sent.
	HalfCloseCancel
)

// PanicPolicy says what a panic of a handler does.
type PanicPolicy uint8

const (
	// PanicRecover breaks the answer off and goes on with the server.
	PanicRecover PanicPolicy = iota
	// PanicCrash lets the panic end the program, after Hooks.Panicked.
	PanicCrash
)

// OptionError says which option is wrong, and why.
type OptionError struct {
	Field string // for example "Limits.HeadBytes"
	Why   string
}

func (e *OptionError) Error() string { return "engine: Options." + e.Field + ": " + e.Why }
