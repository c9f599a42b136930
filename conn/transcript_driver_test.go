package conn

import (
	"fmt"
	"testing"
	"time"
)

// testDriver joins a Conn to a scripted socket, clock and handler, in the way
// that the package's documentation tells.
type testDriver struct {
	t        testing.TB
	cfg      *Config
	handlers [][]action
	mode     replayMode

	c              Conn
	now            time.Duration
	closed         bool
	room           int    // how many bytes the socket takes yet
	unacknowledged int64  // of the bytes that were sent
	confirmed      int64  // of that, as it was told last
	served         int    // requests
	going          bool   // the handler may pass its next wait
	lent           []byte // received bytes that the connection may look at

	handler testHandler

	out      replayed
	lines    []string // of the step under way
	sent     []byte
	unnoted  []byte // sent, and not in lines yet
	seen     []string
	finished bool
}

const unlimitedRoom = -1

func (d *testDriver) open() {
	d.c.Init(d.cfg, d.now)
	d.closed, d.finished = false, false
	d.room, d.unacknowledged, d.confirmed = unlimitedRoom, 0, 0
	d.handler = testHandler{d: d}
	d.served = 0
	d.going = false
}

// finish lets the peer end and all limits pass: whatever has happened, the
// connection must end now, with a reason and no memory held.
func (d *testDriver) finish() {
	d.out.reasons = append(d.out.reasons, d.c.Reason())
	d.room, d.unacknowledged = unlimitedRoom, 0
	d.finished = true
	if !d.closed {
		d.turn()
	}
	if !d.closed {
		d.c.ReceiveEnd(d.now)
		d.turn()
	}
	if !d.closed {
		d.pass(time.Hour)
	}
	if !d.closed {
		d.t.Fatalf("%s: the connection does not end: %s", d.mode, d.describe())
	}
	if d.c.x != nil || d.c.Reason() == ReasonNone {
		d.t.Fatalf("%s: ended with reason %q, memory held: %t", d.mode, d.c.Reason(), d.c.x != nil)
	}
	d.lines, d.sent, d.unnoted, d.seen = nil, nil, nil, nil
}

func (d *testDriver) receive(b []byte) {
	if d.closed {
		return
	}
	d.lent = append([]byte(nil), b...)
	d.c.Receive(d.now, d.lent)
	d.turn()
}

// release ends the loan and makes sure that nobody looks at the bytes.
func (d *testDriver) release() {
	d.c.Release()
	for i := range d.lent {
		d.lent[i] = 0xdb
	}
	d.lent = nil
}

// turn goes on until something must come from outside.
func (d *testDriver) turn() {
	for again := !d.closed; again; {
		d.handler.run()
		switch e := d.c.Next(d.now); e {
		case Requested:
			if d.mode.lend == lendHead {
				d.release()
			}
			d.handler.start(d.served)
			d.served++
		case Flush:
			again = d.send()
		case NeedInput, Paused:
			again = d.send()
		case Confirm:
			d.c.Unacknowledged(d.now, d.unacknowledged)
			if d.unacknowledged != d.confirmed {
				d.confirmed = d.unacknowledged
				d.note(fmt.Sprintf("= confirm: %d unacknowledged", d.unacknowledged))
			}
		case Shutdown:
			if d.c.Unsent() {
				d.t.Fatalf("%s: shutdown with unsent output", d.mode)
			}
			d.note("= shutdown")
		case Close, Reset:
			d.note("= " + e.String() + ": " + d.c.Reason().String())
			d.closed = true
			again = false
		}
	}
	if d.mode.lend != lendForEver {
		d.release()
	}
}

// send gives output to the socket once, and reports whether it took any.
func (d *testDriver) send() bool {
	o := d.c.Output()
	n := int(o.Len())
	if n == 0 {
		return false
	}
	if d.mode.trickling {
		n = 1
	}
	if d.room != unlimitedRoom {
		n = min(n, d.room)
		d.room -= n
	}
	for left := n; left > 0; {
		b := o.first(left)
		d.sent = append(d.sent, b...)
		d.unnoted = append(d.unnoted, b...)
		left -= len(b)
	}
	d.c.Sent(d.now, int64(n))
	return n > 0
}

// fileByte is what files hold here.
var fileByte = []byte("F")

// first takes up to n bytes off the front.
func (o *Output) first(n int) (b []byte) {
	take := func(from *[]byte) {
		k := min(n, len(*from))
		b, *from = (*from)[:k], (*from)[k:]
	}
	switch {
	case len(o.Head) > 0:
		take(&o.Head)
	case len(o.Body) > 0:
		take(&o.Body)
	case o.File > 0:
		o.File--
		b = fileByte
	default:
		take(&o.Tail)
	}
	return b
}

// pass lets time go by; deadlines are acted on when they are due.
func (d *testDriver) pass(duration time.Duration) {
	until := d.now + duration
	for i := 0; !d.closed; i++ {
		when, kind := d.c.Deadline()
		if kind == NoDeadline || when > until {
			break
		}
		d.now = max(d.now, when)
		if !d.c.Expire(d.now) || i > 1000 {
			d.t.Fatalf("%s: the %s deadline does not end", d.mode, kind)
		}
		d.turn()
	}
	d.now = until
}

// note adds a line behind what has been sent so far.
func (d *testDriver) note(l string) {
	d.noteSent()
	d.lines = append(d.lines, l)
}

func (d *testDriver) noteSent() {
	for b := d.unnoted; len(b) > 0; {
		n := 0
		for n < len(b) && b[n] != '\n' {
			n++
		}
		n = min(n+1, len(b))
		d.lines = append(d.lines, "> "+escape(b[:n]))
		b = b[n:]
	}
	d.unnoted = nil
}

// see notes what the handler sees.
func (d *testDriver) see(l string) {
	if d.finished {
		return
	}
	d.seen = append(d.seen, l)
	d.note(l)
}

func (d *testDriver) endStep() {
	d.noteSent()
	d.out.lines = append(d.out.lines, d.lines)
	d.out.sent = append(d.out.sent, d.sent)
	d.out.seen = append(d.out.seen, d.seen)
	d.lines, d.sent, d.seen = nil, nil, nil
}
