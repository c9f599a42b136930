package engine

import (
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine/internal/sock"
)

// This file is how a runner moves bytes between a socket and its connection.

// A loop that has lately sent nothing but files takes larger slices than fileSlice,
// which are cheaper.
const (
	fileSliceAlone = 512 << 10
	fileAlone      = 10 * time.Millisecond
)

// receive reads once.
func (r *runner) receive(l *link) {
	if l.conn.Deaf() && !l.unix {
		n, errno := sock.Discard(int(l.fd), discardBytes)
		r.received(l, n, discardBytes, errno)
		return
	}
	l.conn.Release() // the buffer is free again
	buf := r.buffer()
	n, errno := sock.Recv(int(l.fd), buf)
	r.received(l, n, len(buf), errno)
}

// received tells conn what a read has brought. A read that did not fill the
// buffer has emptied the socket: the next edge will come. But when the peer has
// ended its side no further edge comes, and only a read of nothing tells that
// all has been read.
func (r *runner) received(l *link, n, room int, errno sock.Errno) {
	now := r.now()
	switch {
	case errno == sock.EAGAIN:
		l.readable = false
	case errno != 0:
		l.readable = false
		l.conn.ReceiveReset(now)
		l.cancel(ErrPeerReset)
	case n == 0:
		l.readable = false
		l.conn.ReceiveEnd(now)
		l.ended = true
		l.cancelBy(noteEnd)
	default:
		if l.conn.Deaf() {
			l.conn.Discarded(now, n)
		} else {
			l.conn.Receive(now, r.buf[:n])
		}
		l.readable = n == room || l.ended
	}
}

// outcome is how an attempt to send has ended.
type outcome uint8

const (
	sent    outcome = iota // there is nothing more to send
	blocked                // the socket takes no more: an edge will tell when it does
	broken                 // the connection is
	yielded                // it will have another turn when the others have had theirs
)

// sendUnsent is send, if there is anything to send.
func (r *runner) sendUnsent(l *link) outcome {
	if !l.conn.Unsent() {
		return sent
	}
	return r.send(l)
}

// send sends as much as the socket takes.
func (r *runner) send(l *link) outcome {
	r.count(l) // before the peer can know of them
	for {
		out := l.conn.Output()
		n, errno := r.sendOnce(l, &out)
		if errno != 0 && errno != sock.EAGAIN {
			l.conn.ReceiveReset(r.now())
			l.cancel(ErrPeerReset)
			return broken
		}
		if errno != 0 {
			n = 0
		}
		l.conn.Sent(r.now(), int64(n))
		switch {
		case l.conn.State().Closed():
			return broken
		case !l.conn.Unsent():
			l.dropFile()
			return sent
		case errno != 0 || out.File == 0 && int64(n) < out.Len():
			return blocked // what did not fit raises an edge when there is room
		case n >= r.sliceNow() && r.loop != nil:
			r.loop.again(l) // a file goes in slices
			return yielded
		}
	}
}

// confirm tells conn what the peer's system has. A Unix socket keeps what was sent
// whatever becomes of it.
func (r *runner) confirm(l *link) {
	if l.unix {
		l.conn.Unacknowledged(r.now(), 0)
		return
	}
	n, errno := sock.Unacknowledged(int(l.fd))
	if errno != 0 {
		l.conn.ReceiveReset(r.now())
		return
	}
	l.conn.Unacknowledged(r.now(), n)
}

// look tells conn what the peer's system has, if a deadline depends on it.
func (r *runner) look(l *link) {
	if l.conn.WantsUnacknowledged(r.now()) {
		r.confirm(l)
	}
}

// count adds to the counters what the runner has served. It does so once for all
// requests that came in one piece.
func (r *runner) count(l *link) {
	if r.requests > 0 {
		l.loop.counters.requests.Add(r.requests)
		r.requests = 0
		if r.loop != nil && l.file == nil {
			r.loop.plainAt = r.loop.now
		}
	}
}

// sendOnce makes one system call.
func (r *runner) sendOnce(l *link, out *conn.Output) (int, sock.Errno) {
	fd := int(l.fd)
	switch {
	case len(out.Body) > 0 || len(out.Head) > 0 && len(out.Tail) > 0 && out.File == 0:
		return sock.Send3(fd, out.Head, out.Body, out.Tail)
	case len(out.Head) > 0:
		return sock.Send(fd, out.Head, out.File > 0 || r.last)
	case out.File > 0:
		return r.sendFile(l, out.File)
	}
	return sock.Send(fd, out.Tail, false)
}

// sliceNow is how much of a file is sent before others have their turn. A worker
// holds up nobody.
func (r *runner) sliceNow() int {
	if r.loop != nil && r.loop.now-r.loop.plainAt < fileAlone {
		return fileSlice
	}
	return fileSliceAlone
}

func (r *runner) sendFile(l *link, left int64) (int, sock.Errno) {
	n, errno := sock.SendFile(int(l.fd), int(l.file.file.Fd()), &l.file.offset, int(min(left, int64(r.sliceNow()))))
	if n == 0 && errno == 0 {
		// The file can't be read, or has become shorter than announced: what is
		// promised can't be sent.
		l.conn.Close(conn.ReasonAborted)
	}
	return n, errno
}
