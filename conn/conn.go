package conn

import "time"

// Conn is the protocol life of one connection. The zero Conn is unused; Init
// opens it, and a closed one may be opened again.
//
// Its methods are to be called by one goroutine at a time. now is the time
// since an epoch of the caller's choice and never goes back.
type Conn struct {
	cfg *Config
	x   *exchange // nil while nothing is under way

	opened   time.Duration // when Init was called
	since    time.Duration // idle or lingering since
	progress time.Duration // when a lingering connection last received, or a draining one began to drain
	hold     time.Duration // how long a draining connection waits for a request

	bytesIn, bytesOut int64
	discarded         int64 // of bytesIn, thrown away behind what is answered
	transactions      uint32
	undelivered       uint32 // bytes that the peer's system did not have when a lingering connection looked
	draw              uint16 // what its limits depend on

	read   readState
	write  writeState
	life   lifeState
	reason Reason

	handling bool // a handler is at work: its views must stay
	final    bool // the current answer is the last one
	eof      bool // the peer has ended its side
	shut     bool // the driver was told to end ours
	brief    bool // end without lingering: nothing should be on its way, and nothing has come
	reset    bool // end by a reset: an orderly end would look like the end of the answer
	drained  bool // Drain was called
	looking  bool // a lingering connection looks whether the peer's system has all that was sent
	peerDone bool // the peer announced that it sends nothing after this request

	acknowledges bool // the driver can tell what was acknowledged
}

// Init opens the connection.
func (c *Conn) Init(cfg *Config, now time.Duration) {
	c.detach()
	*c = Conn{cfg: cfg, opened: now, since: now, progress: now}
	if cfg.Jitter > 0 && cfg.Random != nil {
		c.draw = uint16(cfg.Random())
	}
}

// Receive gives bytes that came from the peer. They are borrowed until
// Release; what is not consumed by then is saved.
func (c *Conn) Receive(now time.Duration, b []byte) {
	if len(b) == 0 {
		return
	}
	c.bytesIn += int64(len(b))
	if c.read == readClosed {
		c.discardBehind(now, len(b))
		return
	}
	x := c.attach()
	x.input.add(b)
	x.body.came(now)
}

// Deaf reports that whatever is received is discarded: the driver may do so
// without looking at it, and tell Discarded.
func (c *Conn) Deaf() bool { return c.read == readClosed }

// Discarded says that n bytes were received and thrown away while Deaf.
func (c *Conn) Discarded(now time.Duration, n int) {
	c.bytesIn += int64(n)
	c.discardBehind(now, n)
}

// discardBehind: the last answer is on its way, or sent, and whatever else
// comes is thrown away. A peer that announced its end and sends more is
// lingered for after all.
func (c *Conn) discardBehind(now time.Duration, n int) {
	c.discarded += int64(n)
	c.brief = c.brief && n == 0
	if c.life >= lifeLingering {
		c.progress = now
	}
}

// ReceiveEnd says that the peer has ended its side: all that it sent has been
// received.
func (c *Conn) ReceiveEnd(now time.Duration) { c.eof = true }

// ReceiveReset says that the connection is broken: nothing can be received or
// sent any more.
func (c *Conn) ReceiveReset(now time.Duration) {
	c.setReason(ReasonPeerReset)
	c.becomeClosed()
}

// WantsInput tells whether to read from the socket. While it is false the
// peer is to be slowed by its window: output waits to be sent, or a handler is
// at work that has not asked for content that hasn't come.
func (c *Conn) WantsInput() bool {
	switch {
	case c.life == lifeClosed || c.eof:
		return false
	case c.read == readClosed:
		return !c.lingeredEnough()
	case c.handling:
		return c.read == readBody && c.x.body.waiting
	}
	return c.x == nil || c.read == readDiscard || !c.gathered()
}

// HasInput reports whether received bytes wait to be looked at, or for more
// bytes to follow them: Next tells which. To receive while they wait to be
// looked at lets them pile up.
func (c *Conn) HasInput() bool { return c.x != nil && len(c.x.input.bytes) > 0 }

// Release ends the loan of all received bytes: what is needed of them is
// copied. A view of the request's head that was taken before is void; take it
// again. The driver calls it at the end of each of its turns, and before it
// gives a request to another goroutine while it goes on using its buffer.
func (c *Conn) Release() {
	x := c.x
	if x == nil {
		return
	}
	if x.input.release() {
		x.req.Rebind(x.input.head)
	}
	switch {
	case c.handling:
	case c.life >= lifeLingering:
		c.detach()
	case c.write == writeIdle && len(x.input.bytes) == 0 && !x.out.pending():
		c.detach()
	}
}

// Lent reports whether received bytes, or the head of the request under way,
// still lie in the driver's memory.
func (c *Conn) Lent() bool {
	return c.x != nil && (c.x.input.place == inBorrowed || c.x.input.headPlace == inBorrowed)
}

// Close ends the connection at once. Output that was not sent is lost.
func (c *Conn) Close(r Reason) {
	c.setReason(r)
	c.reset = c.reset || c.endMisleads()
	c.becomeClosed()
}

// Pipelined reports whether input has been received behind the request under way.
func (c *Conn) Pipelined() bool { return c.read == readDone && len(c.x.input.bytes) > 0 }

// Late says that now was an old time in the calls since the last request was
// served: what has begun with them begins at the given one. It spares a driver
// to read the clock between requests that came together.
func (c *Conn) Late(now time.Duration) {
	switch {
	case c.life == lifeLingering:
		c.since, c.progress = now, now
	case c.write == writeIdle:
		c.since = now
		if c.x != nil && c.x.headStarted {
			c.x.headSince = now
		}
	}
}

// Transactions returns how many requests have been received whole.
func (c *Conn) Transactions() int { return int(c.transactions) }

// BytesIn and BytesOut return how many bytes have been received and sent.
func (c *Conn) BytesIn() int64 { return c.bytesIn }

// BytesOut returns how many bytes have been sent.
func (c *Conn) BytesOut() int64 { return c.bytesOut }

// Opened returns the time that was given to Init.
func (c *Conn) Opened() time.Duration { return c.opened }

// Since returns when the connection became idle or began to linger.
func (c *Conn) Since() time.Duration { return c.since }

// PeerEnded reports whether the peer has ended its side.
func (c *Conn) PeerEnded() bool { return c.eof }

// Buffered returns how many bytes of memory the connection's buffers hold for
// received and unsent bytes.
func (c *Conn) Buffered() int {
	if c.x == nil {
		return 0
	}
	return len(c.x.input.bytes) + len(c.x.input.head) + c.x.out.buffered() + len(c.x.resp.content)
}
