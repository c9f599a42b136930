package conn

import "time"

// output is what is to be sent and has not been: bytes of ours, then at most
// one borrowed segment, then bytes that follow it.
type output struct {
	buf  []byte // ours; buf[off:] is unsent
	off  int
	seg  segment
	tail []byte // follows seg

	busy
}

// busy is what is known of the output since it was last empty.
type busy struct {
	stuck      bool          // an attempt to send left something
	stuckSince time.Duration // or when the last one took something
	waited     time.Duration // for the peer, before stuckSince
	moved      int64         // bytes sent
	answers    int           // gathered: whole and at least partly unsent

	acknowledged acknowledged
}

// segment is content that is not ours to copy: a view of a caller's bytes, or a
// range of a file that the driver knows.
type segment struct {
	bytes []byte
	file  int64 // bytes of the file still to send
}

func (s *segment) pending() bool { return len(s.bytes) > 0 || s.file > 0 }

// end is where new bytes go.
func (o *output) end() *[]byte {
	if o.seg.pending() {
		return &o.tail
	}
	if 2*o.off > len(o.buf) {
		o.compact()
	}
	return &o.buf
}

// compact forgets what is sent at the front, so that a buffer which is never
// quite empty doesn't grow with all that ever went through it. Done when that
// is the greater part, it costs less than the sending did.
func (o *output) compact() {
	o.buf = o.buf[:copy(o.buf, o.buf[o.off:])]
	o.off = 0
}

func (o *output) append(s string) {
	p := o.end()
	*p = append(*p, s...)
}

func (o *output) pending() bool { return o.off < len(o.buf) || o.seg.pending() }

// full tells that nothing should be added: the high-water mark is reached, or
// a borrowed segment must leave first.
func (o *output) full(highWater int) bool {
	return highWater > 0 && len(o.buf)-o.off >= highWater || o.seg.pending()
}

// gathered tells that output must leave before the next request is looked at:
// there is too much of it, or it is the answers to too many.
func (c *Conn) gathered() bool {
	o := &c.x.out
	return o.full(c.cfg.OutputBytes) || c.cfg.Pipelined > 0 && o.answers >= c.cfg.Pipelined
}

func (o *output) buffered() int { return len(o.buf) - o.off + len(o.tail) }

// len is how many bytes are to be sent.
func (o *output) len() int64 {
	return int64(o.buffered()) + int64(len(o.seg.bytes)) + o.seg.file
}

// sent takes n bytes off the front.
func (o *output) sent(n int) {
	k := min(n, len(o.buf)-o.off)
	o.off += k
	n -= k
	k = min(n, len(o.seg.bytes))
	o.seg.bytes = o.seg.bytes[k:]
	n -= k
	k = int(min(int64(n), o.seg.file))
	o.seg.file -= int64(k)
	n -= k
	if o.off == len(o.buf) {
		o.buf, o.off = o.buf[:0], 0
		if !o.seg.pending() {
			o.seg = segment{}
			o.buf, o.tail = o.tail, o.buf
			o.off = n
		}
	}
	if o.off == len(o.buf) {
		o.buf, o.off = o.buf[:0], 0
	}
}

func (o *output) reset() {
	buf, tail := o.buf[:0], o.tail[:0]
	if cap(buf) > keptBytes {
		buf = nil
	}
	if cap(tail) > keptBytes {
		tail = nil
	}
	*o = output{buf: buf, tail: tail}
}

// Output is what to send now, in this order. Its views are valid until the
// next call of any method but Sent.
type Output struct {
	Head []byte // bytes of the connection's own
	Body []byte // a view of the bytes that a caller of Write lent
	File int64  // bytes of the file range that was given to WriteFile and are not sent yet
	Tail []byte // follows Body or File
}

// Len returns the number of bytes to send.
func (o *Output) Len() int64 {
	return int64(len(o.Head)) + int64(len(o.Body)) + o.File + int64(len(o.Tail))
}

// Output returns what is to be sent: nothing once the connection has ended.
func (c *Conn) Output() Output {
	if c.x == nil || c.life == lifeClosed {
		return Output{}
	}
	o := &c.x.out
	return Output{Head: o.buf[o.off:], Body: o.seg.bytes, File: o.seg.file, Tail: o.tail}
}

// Unsent reports whether there is output to send.
func (c *Conn) Unsent() bool {
	return c.x != nil && c.life != lifeClosed && c.x.out.pending()
}

// Borrowed reports whether output holds a view of a caller's bytes, or waits
// for a range of a file. Nothing can be written until it has been sent.
func (c *Conn) Borrowed() bool {
	return c.x != nil && c.life != lifeClosed && c.x.out.seg.pending()
}

// Sent says that n bytes of the output have been taken by the socket, which
// may be none: an attempt that leaves output unsent starts the write timeout.
func (c *Conn) Sent(now time.Duration, n int64) {
	c.bytesOut += n
	if c.x == nil {
		return
	}
	o := &c.x.out
	o.sent(int(n))
	o.moved += n
	switch {
	case !o.pending():
		if o.stuck {
			o.acknowledged.emptied(now, o.stuckSince)
			o.stuck, o.stuckSince, o.waited = false, 0, 0
		}
		o.moved, o.answers = 0, 0
		if c.write == writeIdle {
			c.since = now // a peer that was still reading was not idle
		}
	case n > 0 || !o.stuck:
		a := &o.acknowledged
		if !o.stuck {
			a.since, a.looked = now, now
		} else if a.told {
			return
		} else {
			o.waited += now - o.stuckSince
		}
		o.stuck, o.stuckSince = true, now-a.silent
	}
}
