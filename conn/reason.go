package conn

// Reason tells why a connection ended. Each connection has exactly one: the
// first cause, also when others follow from it.
type Reason uint8

const (
	ReasonNone           Reason = iota // still open
	ReasonPeerClosed                   // the peer ended it between two requests
	ReasonPeerReset                    // the peer reset it, or the network did
	ReasonPeerCut                      // the peer ended it in the middle of a request
	ReasonPeerAsked                    // the request said "Connection: close", or was HTTP/1.0 without keep-alive
	ReasonBadRequest                   // the request was refused: syntax, framing, version
	ReasonTooLarge                     // the request was refused: a limit on its head or body
	ReasonIdle                         // no request came in time
	ReasonHeadTimeout                  // a request head did not end in time
	ReasonBodyTimeout                  // a request body stopped coming
	ReasonBodyRate                     // a request body came too slowly
	ReasonReceiveTimeout               // a request took too long, from its first byte to its last
	ReasonWriteTimeout                 // the peer stopped reading the answer
	ReasonWriteRate                    // the peer read the answer too slowly
	ReasonTransactions                 // the limit of requests a connection was reached
	ReasonAge                          // the connection was older than the limit
	ReasonHandlerAsked                 // the handler set "Connection: close"
	ReasonDelimited                    // the end of the connection is the end of the answer (HTTP/1.0)
	ReasonUnreadBody                   // the handler left too much of the request's body unread
	ReasonAborted                      // the answer broke off: a panic, or less content than declared
	ReasonDrain                        // the server is shutting down
	ReasonServer                       // the server closed it at once
	ReasonShed                         // the longest idle connections gave way to new ones
	ReasonRefused                      // there were too many connections, in all or of this peer
	ReasonHijacked                     // the connection is the handler's now
	ReasonHandshake                    // securing it failed, or took too long
	ReasonOverrun                      // the peer sent more than could be left unread
	NumReasons                         // how many there are
)

var reasonNames = [NumReasons]string{
	"none", "peer closed", "peer reset", "peer cut", "peer asked", "bad request", "too large",
	"idle", "head timeout", "body timeout", "body rate", "receive timeout", "write timeout", "write rate",
	"transactions", "age", "handler asked",
	"delimited", "unread body", "aborted", "drain", "server", "shed", "refused", "hijacked",
	"handshake", "overrun",
}

// String gives the reason in words, as used in counters and logs.
func (r Reason) String() string {
	if r >= NumReasons {
		return "unknown"
	}
	return reasonNames[r]
}

// Reasons is a set of reasons.
type Reasons uint64

// ReasonsOf returns the set of the given reasons.
func ReasonsOf(list ...Reason) (s Reasons) {
	for _, r := range list {
		s |= 1 << r
	}
	return s
}

// Has tells whether r is in the set.
func (s Reasons) Has(r Reason) bool { return s&(1<<r) != 0 }

// setReason keeps the first cause.
func (c *Conn) setReason(r Reason) {
	if c.reason == ReasonNone {
		c.reason = r
	}
}

// Reason returns why the connection ended or is ending, ReasonNone before.
func (c *Conn) Reason() Reason { return c.reason }
