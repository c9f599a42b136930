package engine

import (
	"fmt"
	"time"
)

// ListenOptions set up the sockets that are listened on. ReusePort and Backlog
// are for those that ListenAndServe opens, Exclusive for those that Serve is given,
// the others for both.
type ListenOptions struct {
	// Transport is what carries connections. Zero: what is best on the system:
	// TransportEpoll on Linux.
	Transport Transport
	// ReusePort gives each loop a listening socket of its own (SO_REUSEPORT), so
	// that the kernel spreads new connections. Others of the same user can listen
	// there too: a server that ends in order has new connections go to them, by a
	// program that it sets for the group and takes away at its end. False: one socket
	// for all.
	ReusePort bool
	// Backlog is how many connections the kernel holds until they are accepted.
	// Zero: the system's limit, net.core.somaxconn. Negative: an error.
	Backlog int
	// Exclusive says that nobody but the server has the sockets that Serve is given:
	// no parent, child or successor (socket activation, a restart that hands the
	// socket over), and no duplicate in this process. In order they then end as those
	// of ListenAndServe do on Linux: who connects is refused from the beginning of the
	// drain on, and none whose handshake had begun is reset. That can't be undone and
	// would be so for everybody who has the socket. False: somebody may; what the
	// kernel establishes between the last accept and the end is then reset, if
	// nobody does.
	Exclusive bool

	// What follows is for TCP only. Connections inherit it, so that it costs nothing
	// for each, but for QuickAck (and, with a goroutine for each, for Nagle, and for
	// probes where Serve was given the listener); those that were established before
	// Serve was called have not got them. What the kernel refuses is an *OptionError; a
	// Multipath TCP listener, as net.Listen opens where it can, refuses some.

	// DeferAccept leaves a connection in the kernel until its first data comes, or
	// about that time has passed (TCP_DEFER_ACCEPT, in whole seconds, rounded up): one
	// that is made for a request costs half as much. One that is silent is seen by
	// limits, hooks and Stats only then. Zero: 1 s for sockets that nobody else has:
	// those that ListenAndServe opens, and all if Exclusive; others are accepted from
	// at once. Negative: at once. In order, a server ends those that are still in the
	// kernel if it is for no more than 1 s, and resets the others.
	DeferAccept time.Duration
	// FastOpen is how many connections may be under way whose request came with
	// the SYN (TCP_FASTOPEN, RFC 7413; the system must allow it, net.ipv4.tcp_fastopen).
	// Such a request may come twice. Zero: off. Negative: an error.
	FastOpen int
	// Nagle has the kernel hold back a short segment while another is not
	// acknowledged. False: TCP_NODELAY, since answers leave in one piece and there
	// is nothing to gather.
	Nagle bool
	// QuickAck has connections begin with acknowledging at once (TCP_QUICKACK); the
	// kernel leaves that by itself. It costs a system call for each connection.
	// False: as the kernel chooses.
	QuickAck bool
	// UserTimeout is how long sent data may stay unacknowledged before the kernel
	// ends the connection (TCP_USER_TIMEOUT, RFC 5482), in ms. Zero: as the system has it,
	// about 15 minutes; Timeouts.Write is sooner while anything is unsent.
	// Negative: an error.
	UserTimeout time.Duration
	// ProbeIdle is how long nothing must have come before the kernel probes whether
	// the peer is still there (SO_KEEPALIVE, TCP_KEEPIDLE, in whole seconds). Zero:
	// 90 s, above KeepAlive.IdleTimeout: only peers that wait for an answer are
	// probed, of which nothing else tells that they have vanished. Negative: never.
	ProbeIdle time.Duration
	// ProbeInterval is the time between probes (TCP_KEEPINTVL, in whole seconds).
	// Zero: 15 s. Negative: an error.
	ProbeInterval time.Duration
	// ProbeCount is how many without an answer end the connection (TCP_KEEPCNT).
	// Zero: 4. Negative: an error.
	ProbeCount int
	// SendBuffer and ReceiveBuffer are what the kernel may buffer for a connection,
	// in bytes (SO_SNDBUF, SO_RCVBUF: it doubles them for its own needs and bounds
	// them by net.core.wmem_max and rmem_max). Zero: as the kernel chooses, which
	// adapts them. Negative: an error.
	SendBuffer, ReceiveBuffer int
}

func (o *ListenOptions) check() error {
	if o.Transport > TransportNet {
		return &OptionError{"Listen.Transport", o.Transport.String() + " is no transport"}
	}
	if o.Transport == TransportEpoll && !hasLoops {
		return &OptionError{"Listen.Transport", "there is no epoll on this system"}
	}
	for _, f := range []struct {
		name  string
		value time.Duration
	}{
		{"Listen.UserTimeout", o.UserTimeout},
		{"Listen.ProbeInterval", o.ProbeInterval},
	} {
		if f.value < 0 {
			return &OptionError{f.name, fmt.Sprintf("%v is negative", f.value)}
		}
	}
	return nil
}
