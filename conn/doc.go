// Package conn is the protocol life of one HTTP/1.1 server connection as a
// pure state machine: bytes in, events out, bytes out, a deadline out. It
// touches no socket, no clock, no goroutine and no lock; a driver joins it to
// them, and every driver thereby follows the same rules.
//
// # The driver's side
//
//	c.Init(&cfg, now)
//	for each piece that the socket gives:
//	    c.Receive(now, bytes)            lent until Release
//	    for again := true; again; {
//	        switch c.Next(now) {
//	        case conn.Requested:         run the handler; it ends with c.End(now)
//	        case conn.Flush:             send c.Output(), tell c.Sent(now, n)
//	        case conn.Confirm:           c.Unacknowledged(now, ioctl(SIOCOUTQ))
//	        case conn.Shutdown:          shutdown(SHUT_WR)
//	        case conn.Close, conn.Reset: close the socket; c.Reason() tells why
//	        case conn.NeedInput:         send c.Output() if there is any; again = false
//	        case conn.Paused:            a handler is still at work; again = false
//	        }
//	    }
//	    c.Release()
//	    wait for input if c.WantsInput(), for room to write if c.Unsent(),
//	    and until c.Deadline(), then c.Expire(now)
//
// A driver that can tell what the peer has acknowledged says so by c.Acknowledges()
// and, if c.WantsUnacknowledged(now), calls c.Unacknowledged before c.Expire.
//
// # The handler's side, between Requested and End
//
//	c.Request()                          the head
//	c.Body, c.Consume, c.Trailer         the content, piece by piece
//	c.SetStatus, c.Header, c.Write, …    the answer
//	c.Hijackable, c.SwitchProtocols, c.Hijack   the connection is the handler's
//	c.End or c.Abort                     exactly once
//
// # States
//
// Each direction is a small machine, the life of the whole is a third, and
// state.go is the only place where they change:
//
//	read    head ─► body ─► done ─► head …        write   idle ─► head ─► body ─► done ─► idle …
//	          │      │  └─► discard ─► done                        │
//	          └──────┴────────► closed                             └─► closed
//
//	life    open ─► draining ─► lingering ─► closed
//
// A draining connection answers what has been received, and says "close" in the
// last of these answers. One that waits is held for a while first.
//
// Requests are served one after the other: the next is not parsed before the
// answer to the last is complete, so answers leave in the order of requests.
// What comes meanwhile stays in the socket, and the peer's window closes.
//
// # The map
//
//	state.go        the states, every change of them, and the decision on a pair
//	next.go         what happens next
//	framing.go      where a request's content ends, and what is refused
//	body.go         the request's content: read, discarded, or broken
//	response.go     the answer: content, end, abort
//	commit.go       the answer's head: status line, fields, framing
//	memo.go         … and when it is that of the answer before
//	header.go       the fields of an answer
//	persistence.go  whether the connection goes on, and how the peer is told
//	limits.go       a connection's own limits, drawn from the configured ones
//	drain.go        how it ends when the server does
//	hijack.go       how a handler takes the connection from HTTP
//	linger.go       how it ends so that the peer can read all answers
//	delivery.go     … and by a reset, so that it can read those before
//	deadline.go     what it waits for, and how long
//	output.go       what is to be sent
//	acknowledged.go … and what of it the peer has got
//	outcome.go      what becomes of an answer, for access logs
//	exchange.go     the memory that is held only while something is under way
//	hopbyhop.go     which fields are for one connection alone
//	config.go, reason.go, errors.go, status.go
package conn
