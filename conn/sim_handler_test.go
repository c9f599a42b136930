package conn_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// simOutcome is how an answer ended, as its handler knows it.
type simOutcome uint8

const (
	simUnderWay simOutcome = iota
	simWhole
	simCutOff // aborted after the head was committed, or short
	simFailed // aborted before: a 500 took its place
	simClosed // the connection ended before the handler
)

// simServed is a request that a handler got, and its answer.
type simServed struct {
	number   int
	status   int
	base     int   // of its content in simNoise
	accepted int64 // content bytes that the connection took
	length   int64 // declared; -1 if not
	outcome  simOutcome
	trailers map[string]string
	informed int
	drained  bool // the drain came before the head was committed
	since    time.Duration
	asked    bool // for the request's content
}

func (s *simServed) content() []byte { return simNoise[s.base:] }

type simOpKind uint8

const (
	simSleep simOpKind = iota
	simRead
	simWrite
	simFile
	simFlush
	simInform
	simDeclare
	simAbort
)

type simOp struct {
	kind simOpKind
	n    int
}

// simHandler is the handler at work: a list of things to do, some of which wait.
type simHandler struct {
	w       *simWorld
	running bool
	waits   bool // for content or for room
	wakeAt  time.Duration
	request *simRequest
	served  *simServed
	ops     []simOp
	done    int    // of the first op
	read    int    // content read so far
	lent    []byte // what was given to Write; it must not be needed after it was sent
	slept   time.Duration
	forgot  bool // the head of the request
}

// start begins to serve the request that the connection has announced.
func (h *simHandler) start() {
	w := h.w
	i := len(w.served)
	w.demand(i < len(w.peer.requests), "a request that was not sent")
	r := w.peer.requests[i]
	w.demand(!r.bad, "a bad request is served")
	h.request = r
	s := &simServed{number: i, status: 200, base: 500_000 + i*1111, length: -1, trailers: map[string]string{}}
	s.since = w.now
	h.served, h.read, h.running, h.forgot = s, 0, true, false
	w.served = append(w.served, s)
	h.checkHead()
	length := int64(len(r.body))
	if r.trailers != nil {
		length = -1
	}
	w.demand(w.c.ContentLength() == length || r.cut, "ContentLength is %d, not %d", w.c.ContentLength(), length)
	h.plan()
	w.log("handler: %s %d: status %d, length %d, plan %v", r.method, i, s.status, s.length, h.ops)
}

// checkHead compares views of the head with what was sent.
func (h *simHandler) checkHead() {
	if h.forgot {
		return
	}
	req := h.w.c.Request()
	value, ok := req.Get("X-Request")
	h.w.demand(ok && string(value) == strconv.Itoa(h.served.number) && string(req.Method()) == h.request.method &&
		(req.Minor() == 0) == h.request.http10, "head of request %d reads %q %q", h.served.number, req.Method(), value)
}

// plan decides what the handler will do.
func (h *simHandler) plan() {
	w, s, rng := h.w, h.served, h.w.rng
	c := &w.c
	h.ops, h.done, h.wakeAt = nil, 0, 0
	s.status = [...]int{200, 200, 200, 200, 404, 204, 205, 304, 500, 299}[rng.IntN(10)]
	w.demand(c.SetStatus(s.status) == nil, "SetStatus refused")
	w.demand(c.Header().Set("X-Request", strconv.Itoa(s.number)) == nil, "Set refused")
	if chance(rng, 5) {
		_ = c.Header().Set("Connection", "close")
	}
	total := rng.IntN(100)
	if chance(rng, 25) {
		total = rng.IntN(w.maxContent)
	}
	if chance(rng, 40) {
		s.length = int64(total)
		if chance(rng, 8) {
			s.length = int64(rng.IntN(2*total + 1))
		}
		_ = c.Header().DeclareLength(s.length)
	}
	if chance(rng, 15) {
		s.trailers["x-sum"] = fmt.Sprint(total)
		_ = c.ResponseTrailer().Set("X-Sum", fmt.Sprint(total))
	}
	add := func(k simOpKind, n int) { h.ops = append(h.ops, simOp{k, n}) }
	drips := chance(rng, 10) // flushes each of many small pieces
	for rest := total; rest > 0; {
		n := 1 + rng.IntN(rest)
		if drips && len(h.ops) < 2000 {
			n = min(rest, 1+rng.IntN(200))
			add(simWrite, n)
			add(simFlush, 0)
			rest -= n
			continue
		}
		if chance(rng, 20) {
			n = rest
		}
		kind := simWrite
		if chance(rng, 15) {
			kind = simFile
		}
		add(kind, n)
		rest -= n
		if chance(rng, 15) {
			add(simFlush, 0)
		}
	}
	h.insert(30, simOp{simSleep, rng.IntN(300)})
	h.insert(10, simOp{simSleep, rng.IntN(4000)})
	h.insert(10, simOp{simInform, 0})
	h.insert(10, simOp{simFlush, 0})
	h.insert(4, simOp{simDeclare, rng.IntN(2*total + 1)})
	h.insert(6, simOp{simAbort, 0})
	h.insert(25, simOp{simRead, 1 + rng.IntN(1000)})
	h.insert(50, simOp{simRead, 1 << 30})
	if chance(rng, 60) && len(h.ops) > 0 && h.ops[len(h.ops)-1].n < 1<<30 {
		h.ops = append([]simOp{{simRead, 1 << 30}}, h.ops...)
	}
}

// insert puts an operation anywhere, with a chance in percent.
func (h *simHandler) insert(percent int, op simOp) {
	if !chance(h.w.rng, percent) {
		return
	}
	i := h.w.rng.IntN(len(h.ops) + 1)
	h.ops = append(h.ops[:i:i], append([]simOp{op}, h.ops[i:]...)...)
}

// run goes on until the handler has ended or must wait.
func (h *simHandler) run() {
	w := h.w
	h.waits = false
	if h.wakeAt > w.now {
		return
	}
	for len(h.ops) > 0 {
		if w.c.State().Closed() {
			h.ops = nil // every call tells it that the connection has ended
			break
		}
		h.served.drained = h.served.drained || w.drained && !w.c.Committed()
		if !h.do(h.ops[0]) {
			return
		}
		if len(h.ops) > 0 { // an abort forgets the rest
			h.ops, h.done = h.ops[1:], 0
		}
		if !h.running {
			return
		}
	}
	if w.c.Borrowed() && !w.c.State().Closed() {
		h.waits = true
		return
	}
	h.end()
}

func (h *simHandler) end() {
	w, s := h.w, h.served
	closed := w.c.State().Closed()
	early := !w.c.Committed() && s.length >= 0
	err := w.c.End(w.now)
	w.log("handler: end of %d: %v, %v", s.number, err, w.c.State())
	h.running = false
	if early && s.accepted > s.length {
		s.accepted = s.length // declared after it was written: the rest is dropped
	}
	switch {
	case closed:
		s.outcome = simClosed
		w.demand(err == conn.ErrClosed, "End of a closed connection: %v", err)
	case err == conn.ErrShort:
		s.outcome = simCutOff
		w.demand(s.length > s.accepted, "short: %d of %d", s.accepted, s.length)
	default:
		w.demand(err == nil, "End: %v", err)
		s.outcome = simWhole
	}
}

// do performs an operation. It returns false if it must wait.
func (h *simHandler) do(op simOp) bool {
	w, s := h.w, h.served
	c := &w.c
	switch op.kind {
	case simSleep:
		if h.done == 0 {
			h.done = 1
			h.slept += time.Duration(op.n) * time.Millisecond
			h.wakeAt = w.now + time.Duration(op.n)*time.Millisecond
			return op.n == 0
		}
		h.checkHead()
		if op.n&7 == 0 && !h.forgot {
			h.forgot = true
			c.ForgetHead()
		}
	case simRead:
		return h.doRead(op.n)
	case simWrite, simFile:
		return h.doWrite(op)
	case simFlush:
		h.commits()
		_ = c.Flush()
	case simInform:
		var fields conn.Header
		_ = fields.Set("Link", "</a>")
		if c.Informational(103, &fields) == nil {
			s.informed++
		}
	case simDeclare:
		if !c.Committed() {
			s.length = int64(op.n)
			_ = c.Header().DeclareLength(s.length)
		}
	case simAbort:
		w.log("handler: abort of %d at %d", s.number, s.accepted)
		s.outcome = simFailed
		if c.Committed() {
			s.outcome = simCutOff
		}
		c.Abort(w.now)
		h.running = false
	}
	return true
}

// commits is called before a call that commits the head.
func (h *simHandler) commits() {
	if s := h.served; !h.w.c.Committed() && s.length >= 0 && s.accepted > s.length {
		s.accepted = s.length
	}
}

func (h *simHandler) doRead(limit int) bool {
	w, r := h.w, h.request
	h.served.asked = true
	for h.done < limit {
		view, err := w.c.Body(w.now)
		var fault *conn.PeerError
		switch {
		case err == io.EOF:
			w.demand(h.read == len(r.body) && !r.bodyBad, "content of request %d ends at %d of %d", h.served.number, h.read, len(r.body))
			h.checkTrailers()
			return true
		case errors.As(err, &fault):
			w.demand(fault.Status >= 400 && w.c.Reason() != conn.ReasonNone, "fault %v without a reason", fault)
			w.demand(fault != conn.ErrBodyCut || w.sock.endSeen, "cut, but the peer has not ended")
			return true
		case err == conn.ErrClosed:
			return true
		case err != nil:
			w.fail("Body: %v", err)
		case len(view) == 0:
			h.waits = true
			return false
		}
		n := 1 + w.rng.IntN(len(view))
		w.demand(h.read+n <= len(r.body) && bytes.Equal(view[:n], r.body[h.read:h.read+n]), "content of request %d differs at %d", h.served.number, h.read)
		w.c.Consume(n)
		h.read += n
		h.done += n
	}
	return true
}

func (h *simHandler) checkTrailers() {
	t := h.w.c.Trailer()
	h.w.demand(t.Len() == len(h.request.trailers), "%d trailers, %d sent", t.Len(), len(h.request.trailers))
	for name, want := range h.request.trailers {
		got, _ := t.Get(name)
		h.w.demand(string(got) == want, "trailer %s is %q, not %q", name, got, want)
	}
}

// doWrite writes op.n bytes, from a buffer that is spoiled as soon as it may be.
func (h *simHandler) doWrite(op simOp) bool {
	w, s := h.w, h.served
	for h.done < op.n {
		if w.c.Borrowed() {
			_, err := w.c.Write([]byte{1})
			w.demand(errors.Is(err, conn.ErrSegmentPending) || w.c.State().Closed() || s.full(), "Write over a borrowed segment: %v", err)
			h.waits = true
			return false
		}
		rest := s.content()[s.accepted : s.accepted+int64(op.n-h.done)]
		if op.kind == simFile {
			n := len(rest)
			if s.length < 0 && s.accepted == 0 && !w.c.Committed() && w.c.WriteFile(0) == nil {
				s.length = int64(n) // it is taken for the whole content
			}
			h.commits()
			if err := w.c.WriteFile(int64(n)); err == nil {
				w.file = rest
				s.accepted += int64(n)
			}
			return true
		}
		for i := range h.lent {
			h.lent[i] = 0xAA
		}
		h.lent = append(h.lent[:0], rest...)
		if len(h.lent) > 0 && int64(len(h.lent)) > 8<<10-s.accepted {
			h.commits()
		}
		n, err := w.c.Write(h.lent)
		s.accepted += int64(n)
		h.done += n
		switch {
		case err != nil:
			return true // the rest is dropped
		case n < len(rest):
			w.demand(n > 0 || w.c.Unsent(), "Write takes nothing, but nothing is unsent")
			h.waits = true
			return false
		}
	}
	return true
}

// full tells that the declared length is reached.
func (s *simServed) full() bool { return s.length >= 0 && s.accepted >= s.length }
