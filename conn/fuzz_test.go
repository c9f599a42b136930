package conn_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// FuzzConn makes any script of calls that the package's documentation allows,
// in any order and at any time, and demands what must hold for all of them: no
// panic, answers that a strict reader can read, never more of them than
// requests, and an end with a reason within a few steps once the peer has ended.
//
// A script is bytes: two for the configuration, then a step each, with an
// operand if the step needs one.
func FuzzConn(f *testing.F) {
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 2048 {
			return // longer ones find nothing that short ones don't, and take their time
		}
		s := newFuzzScript(t, script)
		for s.more() && !s.closed {
			s.step()
			s.check()
		}
		s.finish()
	})
}

// fuzzInput is what a step can receive, whole or in part.
var fuzzInput = []string{
	"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET / HTTP/1.0\r\n\r\n",
	"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n",
	"POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
	"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
	"hello",
	"5\r\nhello\r\n",
	"0\r\n\r\n",
	"0\r\nX: y\r\n\r\n",
	"\r\n",
	"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
	"\r",
	"5;a=b\r\nhel",
}

type fuzzScript struct {
	t      *testing.T
	script []byte
	cfg    conn.Config
	c      conn.Conn
	now    time.Duration

	answers   simAnswers
	methods   []string
	failed    map[int]bool
	handling  bool
	forgot    bool // the head of the request under way
	closed    bool
	ended     bool // the peer
	finishing bool // its system acknowledges all
	shut      bool
	found     int      // content that Body has found and Consume may take
	lent      [][]byte // to Receive, until Release
	written   []byte   // to Write, while borrowed
}

func newFuzzScript(t *testing.T, script []byte) *fuzzScript {
	s := &fuzzScript{t: t, script: script, failed: map[int]bool{}}
	s.cfg = conn.DefaultConfig()
	limits, switches := s.next(), s.next()
	s.cfg.OutputBytes = 1 << (limits & 15)
	s.cfg.DiscardBytes = int64(limits>>4) * 10
	s.cfg.KeepAliveField = switches&1 != 0
	if switches&2 != 0 {
		s.cfg.Transactions = 2
	}
	if switches&4 != 0 {
		s.cfg.BodyBytes = 7
	}
	if switches&8 != 0 {
		s.cfg.Head.Head = 60
	}
	if switches&16 != 0 {
		s.cfg.WriteTimeout, s.cfg.IdleTimeout = time.Second, time.Second
	}
	date := []byte("Sun, 06 Nov 1994 08:49:37 GMT")
	s.cfg.Date = func() []byte { return date }
	s.answers.method = func(i int) string {
		if i < len(s.methods) {
			return s.methods[i]
		}
		return ""
	}
	s.answers.content = s.checkContent
	s.c.Init(&s.cfg, 0)
	return s
}

func (s *fuzzScript) more() bool { return len(s.script) > 0 }

func (s *fuzzScript) next() byte {
	if len(s.script) == 0 {
		return 0
	}
	b := s.script[0]
	s.script = s.script[1:]
	return b
}

func (s *fuzzScript) demand(ok bool, format string, args ...any) {
	if !ok {
		s.t.Helper()
		s.t.Fatalf("%v, reason %v: "+format, append([]any{s.c.State(), s.c.Reason()}, args...)...)
	}
}

// step makes one call, or none if it is not allowed now.
func (s *fuzzScript) step() {
	switch op := s.next() % 26; op {
	case 0:
		s.receive([]byte(fuzzInput[int(s.next())%len(fuzzInput)]))
	case 1:
		n := min(int(s.next()), len(s.script))
		s.receive(s.script[:n])
		s.script = s.script[n:]
	case 2:
		in := fuzzInput[int(s.next())%len(fuzzInput)]
		n := int(s.next()) % (len(in) + 1)
		s.receive([]byte(in[:n]))
		s.receive([]byte(in[n:]))
	case 3:
		if !s.ended {
			s.ended = true
			s.c.ReceiveEnd(s.now)
		}
	case 4:
		s.ended = true
		s.c.ReceiveReset(s.now)
	case 5:
		n := time.Duration(s.next())
		s.now += n * n * time.Millisecond
		s.c.Expire(s.now)
	case 6:
		s.expire()
	case 7, 8:
		s.event(s.c.Next(s.now))
	case 9:
		s.send(1 << 40)
	case 10:
		s.send(int64(s.next()))
	case 11:
		s.release()
	case 12:
		s.c.Drain(s.now, time.Duration(s.next())*time.Millisecond)
	case 13:
		s.c.Close(conn.ReasonServer)
	default:
		if s.handling {
			s.handle(op)
		}
	}
}

func (s *fuzzScript) receive(b []byte) {
	if s.ended || !s.c.WantsInput() {
		return
	}
	if s.c.Deaf() {
		s.c.Discarded(s.now, len(b))
		return
	}
	b = bytes.Clone(b)
	s.lent = append(s.lent, b)
	s.c.Receive(s.now, b)
}

// release ends the loans and spoils what was lent.
func (s *fuzzScript) release() {
	s.c.Release()
	s.demand(!s.c.Lent(), "lent after Release")
	for _, b := range s.lent {
		copy(b, bytes.Repeat([]byte{'!'}, len(b)))
	}
	s.lent = nil
	if s.handling && !s.forgot {
		method := string(s.c.Request().Method())
		s.demand(method == s.methods[len(s.methods)-1], "the method reads %q", method)
	}
}

// expire lets the time pass until the deadline.
func (s *fuzzScript) expire() {
	when, kind := s.c.Deadline()
	if kind == conn.NoDeadline {
		return
	}
	s.demand(!s.c.Expire(min(s.now, when-1)), "acts before its deadline")
	s.now = max(s.now, when)
	s.demand(s.c.Expire(s.now), "%v deadline has passed and does nothing", kind)
	again, same := s.c.Deadline()
	s.demand(same != kind || again > s.now, "%v deadline stays in the past", kind)
}

func (s *fuzzScript) event(e conn.Event) {
	switch e {
	case conn.Requested:
		s.demand(!s.handling && !s.answers.told() && !s.shut, "requested")
		s.handling, s.forgot, s.found = true, false, 0
		s.methods = append(s.methods, string(s.c.Request().Method()))
		s.demand(s.c.Transactions() >= len(s.methods), "%d transactions", s.c.Transactions())
	case conn.Paused:
		s.demand(s.handling, "paused without a handler")
	case conn.Flush:
		s.demand(s.c.Unsent(), "Flush of nothing")
	case conn.Confirm:
		s.demand(!s.handling && !s.c.Unsent(), "Confirm")
		left := s.c.BytesOut() / 2
		if s.finishing {
			left = 0
		}
		s.c.Unacknowledged(s.now, left)
	case conn.Shutdown:
		s.demand(!s.shut && !s.c.Unsent(), "Shutdown")
		s.shut = true
	case conn.Close, conn.Reset:
		s.demand(!s.handling && s.c.Reason() != conn.ReasonNone && s.c.Next(s.now) == e, "%v", e)
		s.closed = true
	}
}

func (s *fuzzScript) send(n int64) {
	if !s.c.Unsent() {
		return
	}
	o := s.c.Output()
	all := append(bytes.Clone(o.Head), o.Body...)
	all = append(append(all, bytes.Repeat([]byte{'f'}, int(o.File))...), o.Tail...)
	s.demand(len(all) > 0 && int64(len(all)) == o.Len() && !s.shut, "output of %d bytes", o.Len())
	n = min(n, o.Len())
	s.c.Sent(s.now, n)
	if err := s.answers.feed(all[:n]); err != nil {
		s.t.Fatalf("can't be read: %v\n%.300q", err, all)
	}
	s.spoil()
}

// spoil overwrites what was given to Write as soon as it is not borrowed.
func (s *fuzzScript) spoil() {
	if s.written != nil && !s.c.Borrowed() {
		for i := range s.written {
			s.written[i] = '!'
		}
		s.written = nil
	}
}

// handle is a step of the handler.
func (s *fuzzScript) handle(op byte) {
	c := &s.c
	switch op {
	case 14, 15:
		view, err := c.Body(s.now)
		var fault *conn.PeerError
		s.demand(err == nil || err == io.EOF || err == conn.ErrClosed || errors.As(err, &fault), "Body: %v", err)
		s.demand(err == nil || len(view) == 0, "%d bytes and %v", len(view), err)
		s.found = len(view)
		if op == 15 {
			s.consume(len(view))
		}
	case 16:
		s.consume(int(s.next()))
	case 17:
		s.write(int(s.next()))
	case 18:
		s.write(int(s.next()) << 8)
	case 19:
		_ = c.WriteFile(int64(s.next()) << 4)
	case 20:
		_ = c.Flush()
	case 21:
		s.head(s.next())
	case 22:
		if s.found&1 != 0 {
			s.forgot = true
			c.ForgetHead()
		}
		_ = c.Informational(103, nil)
	case 23:
		_ = c.Header().DeclareLength(int64(s.next()))
	case 24:
		s.handling = false
		_ = c.End(s.now)
	case 25:
		s.handling = false
		s.failed[len(s.methods)-1] = !c.Committed()
		c.Abort(s.now)
	}
}

func (s *fuzzScript) consume(n int) {
	n = min(n, s.found)
	s.c.Consume(n)
	s.found -= n
}

func (s *fuzzScript) write(n int) {
	borrowed := s.c.Borrowed()
	p := bytes.Repeat([]byte{'a'}, n)
	taken, err := s.c.Write(p)
	s.demand(taken <= n && (taken == n || err != nil || s.c.Unsent()), "Write takes %d of %d", taken, n)
	s.demand(!borrowed || taken == 0, "Write over a borrowed segment")
	if !borrowed {
		s.written = p
		s.spoil()
	}
}

func (s *fuzzScript) head(b byte) {
	_ = s.c.SetStatus([...]int{200, 204, 205, 304, 404, 500, 299, 99}[b&7])
	if b&8 != 0 {
		_ = s.c.Header().Set("Connection", "close")
	}
	if b&16 != 0 {
		_ = s.c.ResponseTrailer().Set("X-Sum", "1")
	}
	if b&32 != 0 {
		s.c.Header().Del("Content-Length")
	}
	if b&64 != 0 {
		_ = s.c.Header().Set("X", "y")
	}
}

func (s *fuzzScript) checkContent(a *simAnswer, piece []byte) {
	if a.number < len(s.methods) && !s.failed[a.number] {
		s.demand(len(bytes.Trim(piece, "af")) == 0, "content of answer %d is %.40q", a.number, piece)
	}
}

// check is what holds after each step.
func (s *fuzzScript) check() {
	s.spoil()
	s.demand(s.answers.finals() <= len(s.methods)+1, "%d answers to %d requests", s.answers.finals(), len(s.methods))
	if s.closed {
		_, kind := s.c.Deadline()
		s.demand(kind == conn.NoDeadline && !s.c.WantsInput() && !s.c.Unsent() && s.c.Buffered() == 0, "closed, and waits: %v", kind)
	}
}

// finish ends the handler and the peer; the connection must follow.
func (s *fuzzScript) finish() {
	s.finishing = true
	for i := 0; !s.closed; i++ {
		s.demand(i < 10_000, "no end: ended %v, unsent %v, served %d", s.ended, s.c.Unsent(), len(s.methods))
		s.release()
		if s.handling {
			s.handling = false
			_ = s.c.End(s.now)
		}
		s.event(s.c.Next(s.now))
		s.send(1 << 40)
		if !s.ended {
			s.ended = true
			s.c.ReceiveEnd(s.now)
		}
		if s.c.Undelivered() {
			s.expire() // until it is looked again
		}
		s.check()
	}
	s.demand(s.c.BytesOut() == s.answers.total, "%d bytes sent, %d said", s.c.BytesOut(), s.answers.total)
}
