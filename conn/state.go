package conn

// This file owns every state of a connection and is the only writer of them.
//
// A connection is three small machines. Each direction has one, and the life
// of the whole is the third; what happens next is decided on the pair
// (read, write), in settle.

// readState says what the next received byte is.
type readState uint8

const (
	readHead    readState = iota // of a request head, or of an empty line before it
	readBody                     // of a request body that the handler may ask for
	readDiscard                  // of a request body that nobody asks for any more
	readDone                     // of the request after this one: it waits
	readClosed                   // of nothing: input is thrown away
)

func (s readState) String() string {
	return [...]string{"head", "body", "discard", "done", "closed"}[s]
}

// writeState says how far the answer to the current request is.
type writeState uint8

const (
	writeIdle   writeState = iota // no request is to be answered
	writeHead                     // a handler is at work, no final status is committed
	writeBody                     // the head is committed, content may follow
	writeDone                     // the whole answer is in the output
	writeClosed                   // nothing may be added to the output
)

func (s writeState) String() string {
	return [...]string{"idle", "head", "body", "done", "closed"}[s]
}

// lifeState says how long the connection is to live.
type lifeState uint8

const (
	lifeOpen      lifeState = iota // as long as both sides wish
	lifeDraining                   // until the requests that have come are answered
	lifeLingering                  // until the peer has ended too: we have sent all
	lifeClosed                     // no longer: the socket is to be closed
)

func (s lifeState) String() string {
	return [...]string{"open", "draining", "lingering", "closed"}[s]
}

// becomeRequested: a request head is complete and its handler is to run.
func (c *Conn) becomeRequested(hasBody bool) {
	if c.read != readHead || c.write != writeIdle {
		c.impossible()
	}
	c.read, c.write = readDone, writeHead
	if hasBody {
		c.read = readBody
	}
}

// becomeRefused: the server answers by itself, with its last answer, and
// reads nothing more.
func (c *Conn) becomeRefused() {
	c.must(c.write == writeIdle || c.write == writeHead)
	c.read, c.write = readClosed, writeHead
	c.final = true
}

// becomeCommitted: the final status is in the output and can't be taken back.
func (c *Conn) becomeCommitted() {
	c.must(c.write == writeHead)
	c.write = writeBody
}

// becomeBodyRead: the last byte of the request is consumed.
func (c *Conn) becomeBodyRead() {
	c.must(c.read == readBody || c.read == readDiscard)
	c.read = readDone
}

// becomeBodyBroken: the rest of the request can't be had, so nothing that
// follows on this connection can be understood.
func (c *Conn) becomeBodyBroken() {
	c.must(c.read == readBody || c.read == readDiscard)
	c.read = readClosed
	c.final = true
}

// becomeAnswered: the whole answer is in the output.
func (c *Conn) becomeAnswered() {
	c.must(c.write == writeBody)
	c.write = writeDone
}

// becomeCutOff: the answer ends in the middle and must not look whole.
func (c *Conn) becomeCutOff() {
	c.must(c.write == writeBody)
	c.write = writeDone
	c.final = true
}

// becomeDiscarding: the handler has ended and left the request's body unread.
func (c *Conn) becomeDiscarding() {
	c.must(c.read == readBody && c.write == writeDone)
	c.read = readDiscard
}

// becomeFinal: the current answer is the last one.
func (c *Conn) becomeFinal() { c.final = true }

// becomeDeaf: the last answer is complete; whatever is received is discarded.
func (c *Conn) becomeDeaf() {
	c.must(c.write == writeDone && c.final)
	c.read = readClosed
}

// becomeReady: request and answer are both complete; the next may come.
func (c *Conn) becomeReady() {
	if c.read != readDone || c.write != writeDone || c.final {
		c.impossible()
	}
	c.read, c.write = readHead, writeIdle
}

// becomeDraining: what has been received is to be the last.
func (c *Conn) becomeDraining() {
	c.must(c.life == lifeOpen)
	c.life = lifeDraining
}

// becomeLingering: all that is owed is sent; what is received is discarded
// until the peer has ended as well.
func (c *Conn) becomeLingering() {
	c.must(c.life == lifeOpen || c.life == lifeDraining)
	c.life = lifeLingering
	c.read, c.write = readClosed, writeClosed
}

// becomeHijacked: a handler has taken the connection, and owes the peer nothing
// of HTTP any more.
func (c *Conn) becomeHijacked() {
	c.must(c.handling && (c.write == writeHead || c.write == writeBody) && !c.x.out.pending())
	c.becomeClosed()
}

// becomeClosed: the one end of every connection.
func (c *Conn) becomeClosed() {
	c.life = lifeClosed
	c.read, c.write = readClosed, writeClosed
}

// settle decides on the pair of directions once the answer is complete.
//
// RFC 9112 §9.3: "a server MUST read the entire request message body or
// close the connection after sending its response".
func (c *Conn) settle() {
	if c.write != writeDone || c.final {
		return
	}
	switch c.read {
	case readBody:
		if c.discardable() {
			c.becomeDiscarding()
			return
		}
		c.setReason(ReasonUnreadBody)
		c.becomeFinal()
	case readDone:
		c.becomeReady()
	}
}

// must states what the callers in this package guarantee.
func (c *Conn) must(ok bool) {
	if !ok {
		c.impossible()
	}
}

// impossible is apart so that must costs its callers no more than a branch.
//
//go:noinline
func (c *Conn) impossible() {
	panic("conn: impossible transition in state " + c.State().String())
}

// State is the joint state of a connection, for tests, hooks and logs.
type State struct {
	read  readState
	write writeState
	life  lifeState
}

// State returns the connection's present state.
func (c *Conn) State() State { return State{c.read, c.write, c.life} }

// String gives "read/write/life", for example "body/head/open".
func (s State) String() string {
	return s.read.String() + "/" + s.write.String() + "/" + s.life.String()
}

// Idle reports that no request is under way: the next one may come.
func (s State) Idle() bool {
	return s.read == readHead && s.write == writeIdle && s.life <= lifeDraining
}

// Lingering reports that all has been sent and the peer's end is awaited.
func (s State) Lingering() bool { return s.life == lifeLingering }

// Closed reports that the connection has ended.
func (s State) Closed() bool { return s.life == lifeClosed }

// Resting reports that a connection waits for a request of which no byte has
// come, with nothing left to send: it can be ended without a loss.
func (c *Conn) Resting() bool {
	return c.x == nil && c.State().Idle()
}
