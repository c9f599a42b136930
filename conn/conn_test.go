package conn

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// begin returns a connection whose handler is to run, with the given request.
func begin(t testing.TB, cfg *Config, request string) *Conn {
	t.Helper()
	c := new(Conn)
	c.Init(cfg, 0)
	c.Receive(0, []byte(request))
	if e := c.Next(0); e != Requested {
		t.Fatalf("%s for %q", e, request)
	}
	return c
}

// take sends all output and returns it.
func take(c *Conn, now time.Duration) string {
	var sent []byte
	for {
		o := c.Output()
		if o.Len() == 0 {
			return string(sent)
		}
		b := o.first(int(o.Len()))
		sent = append(sent, b...)
		c.Sent(now, int64(len(b)))
	}
}

const plainGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

// TestUnused: a connection on which nothing is under way has nothing to give.
func TestUnused(t *testing.T) {
	cfg := DefaultConfig()
	var c Conn
	c.Init(&cfg, 7)
	o := c.Output()
	if c.Status() != 200 || c.Written() != 0 || c.Buffered() != 0 || c.Unsent() || c.Borrowed() || o.Len() != 0 {
		t.Error("an unused connection has something")
	}
	if c.Opened() != 7 || c.Since() != 7 || c.Transactions() != 0 || c.PeerEnded() {
		t.Error("an unused connection has a past")
	}
	c.Receive(7, nil)
	c.Release()
	c.Sent(8, 0)
	if c.x != nil {
		t.Error("an unused connection holds memory")
	}
	if _, err := c.Body(7); err != ErrEnded {
		t.Errorf("Body: %v", err)
	}
	if _, err := c.Write([]byte("x")); err != ErrEnded {
		t.Errorf("Write: %v", err)
	}
}

// TestMisuse: what a handler does at the wrong time is told and has no effect.
func TestMisuse(t *testing.T) {
	cfg := DefaultConfig()
	c := begin(t, &cfg, plainGet)
	if err := c.Flush(); err != nil || !c.Committed() {
		t.Fatal(err)
	}
	if err := c.SetStatus(404); err != ErrCommitted {
		t.Errorf("SetStatus: %v", err)
	}
	if err := c.Informational(103, nil); err != ErrCommitted {
		t.Errorf("Informational: %v", err)
	}
	if err := c.End(0); err != nil {
		t.Fatal(err)
	}
	before := c.Output().Head
	_, writeErr := c.Write([]byte("late"))
	for what, err := range map[string]error{
		"Write": writeErr, "WriteFile": c.WriteFile(5), "Flush": c.Flush(), "End": c.End(0),
		"SetStatus": c.SetStatus(200), "Informational": c.Informational(103, nil),
	} {
		if err != ErrEnded {
			t.Errorf("%s after the end: %v", what, err)
		}
	}
	c.Abort(0)
	if after := c.Output().Head; !bytes.Equal(before, after) {
		t.Errorf("after the end %q was added", after[len(before):])
	}
	if _, err := c.Body(0); err != ErrEnded {
		t.Errorf("Body after the end: %v", err)
	}
}

// TestErrors: an error says whose fault it is, and where.
func TestErrors(t *testing.T) {
	for err, want := range map[error]string{
		ErrBodyCut: "conn: peer: body cut short (400)",
		&PeerError{431, "field section too large", 5}: "conn: peer: field section too large at offset 5 (431)",
		ErrShort:  "conn: misuse: less content than the declared Content-Length; the connection ends",
		ErrClosed: "conn: the connection has ended",
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
}

// TestBorrow: long content is sent from the caller's memory, and nothing can be
// written before it has left.
func TestBorrow(t *testing.T) {
	cfg := DefaultConfig()
	c := begin(t, &cfg, plainGet)
	long := bytes.Repeat([]byte("x"), borrowBytes)
	if n, err := c.Write([]byte("head")); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := c.Write(long); n != len(long) || err != nil {
		t.Fatal(n, err)
	}
	o := c.Output()
	if !c.Borrowed() || &o.Body[0] != &long[0] {
		t.Fatal("long content was copied")
	}
	if n, err := c.Write([]byte("tail")); n != 0 || err != ErrSegmentPending {
		t.Errorf("Write while borrowed: %d, %v", n, err)
	}
	if err := c.WriteFile(5); err != ErrSegmentPending {
		t.Errorf("WriteFile while borrowed: %v", err)
	}
	if err := c.Flush(); err != nil {
		t.Errorf("Flush while borrowed: %v", err)
	}
	want := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhead\r\n4000\r\n" + string(long) + "\r\n"
	if got := take(c, 0); got != want {
		t.Errorf("sent %.80q…", got)
	}
	if c.Borrowed() || c.Written() != int64(4+len(long)) {
		t.Errorf("borrowed %t, written %d", c.Borrowed(), c.Written())
	}
	if n, err := c.Write([]byte("tail")); n != 4 || err != nil {
		t.Error(n, err)
	}
	if err := c.End(0); err != nil {
		t.Error(err)
	}
	if got := take(c, 0); got != "4\r\ntail\r\n0\r\n\r\n" {
		t.Errorf("sent %q", got)
	}
}

// TestEndWhileBorrowed: an answer may end before its long content has left.
func TestEndWhileBorrowed(t *testing.T) {
	cfg := DefaultConfig()
	c := begin(t, &cfg, plainGet+plainGet)
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteFile(3); err != nil {
		t.Fatal(err)
	}
	if err := c.ResponseTrailer().Set("X", "y"); err != nil {
		t.Fatal(err)
	}
	if err := c.End(0); err != nil {
		t.Fatal(err)
	}
	if o := c.Output(); o.File != 3 || string(o.Tail) != "\r\n0\r\nX: y\r\n\r\n" {
		t.Errorf("file %d, then %q", o.File, o.Tail)
	}
	if e := c.Next(0); e != Flush {
		t.Errorf("%s while the file has not left", e)
	}
	if got := take(c, 0); !strings.HasSuffix(got, "\r\n\r\n3\r\nFFF\r\n0\r\nX: y\r\n\r\n") {
		t.Errorf("sent %q", got)
	}
	if e := c.Next(0); e != Requested {
		t.Errorf("%s after the file has left", e)
	}
}

// TestBuffered counts what the connection's buffers hold.
func TestBuffered(t *testing.T) {
	cfg := DefaultConfig()
	request := "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
	c := begin(t, &cfg, request+"hello")
	c.Release()
	if got := c.Buffered(); got != len(request)+5 {
		t.Errorf("%d, want head and content %d", got, len(request)+5)
	}
	if c.ContentLength() != 10 || !c.BodyOutstanding() {
		t.Errorf("content %d, outstanding %t", c.ContentLength(), c.BodyOutstanding())
	}
	b, err := c.Body(0)
	if string(b) != "hello" || err != nil {
		t.Fatalf("%q, %v", b, err)
	}
	c.Consume(5)
	c.Release()
	if got := c.Buffered(); got != len(request) {
		t.Errorf("%d, want the head %d", got, len(request))
	}
	if c.ContentLength() != 10 {
		t.Errorf("content %d after reading", c.ContentLength())
	}
	if _, err := c.Write([]byte("ok")); err != nil {
		t.Fatal(err)
	}
	if got := c.Buffered(); got != len(request)+2 {
		t.Errorf("%d, want head and answer %d", got, len(request)+2)
	}
	c.Receive(0, []byte("world"))
	if b, err = c.Body(0); string(b) != "world" || err != nil {
		t.Fatalf("%q, %v", b, err)
	}
	c.Consume(5)
	if _, err = c.Body(0); err != io.EOF || c.BodyOutstanding() {
		t.Errorf("%v at the end, outstanding %t", err, c.BodyOutstanding())
	}
	if err := c.End(0); err != nil {
		t.Fatal(err)
	}
	take(c, 0)
	c.Next(0)
	c.Release()
	if c.Buffered() != 0 || c.x != nil {
		t.Error("an idle connection holds memory")
	}
	if c.BytesIn() != int64(len(request)+10) || c.BytesOut() == 0 || c.Transactions() != 1 {
		t.Errorf("in %d, out %d, %d requests", c.BytesIn(), c.BytesOut(), c.Transactions())
	}
}

// TestChunkedLength: chunked content has no length beforehand.
func TestChunkedLength(t *testing.T) {
	cfg := DefaultConfig()
	c := begin(t, &cfg, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	if c.ContentLength() != -1 || !c.BodyOutstanding() {
		t.Errorf("%d, outstanding %t", c.ContentLength(), c.BodyOutstanding())
	}
}

// TestLargeInput: input that had to grow is not kept, and none of it is lost.
func TestLargeInput(t *testing.T) {
	cfg := DefaultConfig()
	const size = 100 << 10
	c := begin(t, &cfg, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 102400\r\n\r\n")
	piece := make([]byte, 1<<10)
	var want, got []byte
	for i := range size / len(piece) {
		for j := range piece {
			piece[j] = byte(i + j)
		}
		want = append(want, piece...)
		c.Receive(0, piece)
		c.Release()
		if i%7 == 6 { // some of it is read meanwhile
			b, err := c.Body(0)
			if err != nil {
				t.Fatal(err)
			}
			n := min(len(b), 3000)
			got = append(got, b[:n]...)
			c.Consume(n)
		}
	}
	for {
		b, err := c.Body(0)
		if err == io.EOF {
			break
		}
		if err != nil || len(b) == 0 {
			t.Fatal(len(b), err)
		}
		got = append(got, b...)
		c.Consume(len(b))
	}
	if !bytes.Equal(got, want) {
		t.Error("content was changed")
	}
}

// TestLargeHeadAndAnswer: an exchange that grew gives its memory back.
func TestLargeHeadAndAnswer(t *testing.T) {
	cfg := DefaultConfig()
	cfg.OutputBytes = 0
	cfg.Head.FieldLine = 0
	c := begin(t, &cfg, "GET / HTTP/1.1\r\nHost: a\r\nX: "+strings.Repeat("x", keptBytes)+"\r\n\r\n")
	c.Release()
	if v := c.Request().Len(); v != 2 {
		t.Fatalf("%d fields", v)
	}
	if err := c.WriteFile(1); err != nil {
		t.Fatal(err)
	}
	if err := c.Header().Set("X", "late"); err != nil {
		t.Fatal(err)
	}
	x := c.x
	c.Close(ReasonShed)
	c.Abort(0)
	for range keptBytes / 8 {
		x.out.append("01234567")
	}
	x.out.tail = make([]byte, 0, keptBytes+1)
	x.out.buf = make([]byte, 0, keptBytes+1)
	x.body.trailers = make([]byte, 0, keptBytes+1)
	if e := c.Next(0); e != Close || c.Reason() != ReasonShed {
		t.Errorf("%s, %s", e, c.Reason())
	}
	if cap(x.out.buf) > keptBytes || cap(x.out.tail) > keptBytes || cap(x.input.headCopy) > keptBytes ||
		cap(x.body.trailers) > keptBytes {
		t.Error("large buffers are kept")
	}
}

// TestReopen: a closed connection can be opened again, and nothing of the old
// one is left.
func TestReopen(t *testing.T) {
	cfg := DefaultConfig()
	c := begin(t, &cfg, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
	c.Init(&cfg, time.Second)
	if c.x != nil || c.State().String() != "head/idle/open" || c.Reason() != ReasonNone {
		t.Fatalf("%s, %s", c.State(), c.Reason())
	}
	c.Receive(time.Second, []byte("G(T"))
	if e := c.Next(time.Second); e != Flush {
		t.Fatal(e)
	}
	if got := take(c, time.Second); !strings.HasSuffix(got, "\r\n\r\n400 Bad Request: method is not a token\n") {
		t.Errorf("sent %q", got)
	}
}

// TestExpireEarly: nothing happens before the deadline, or without one.
func TestExpireEarly(t *testing.T) {
	cfg := DefaultConfig()
	var c Conn
	c.Init(&cfg, 0)
	if c.Expire(cfg.IdleTimeout - 1) {
		t.Error("expired before its time")
	}
	c.Close(ReasonServer)
	if when, kind := c.Deadline(); kind != NoDeadline || c.Expire(time.Hour) {
		t.Errorf("closed, and a deadline %s %s", when, kind)
	}
}

// TestLingerDeadlines: either limit of lingering may be off.
func TestLingerDeadlines(t *testing.T) {
	for _, test := range []struct {
		idle, total, want time.Duration
		kind              Deadline
	}{
		{5, 30, 5, LingerDeadline}, {0, 30, 30, LingerDeadline}, {5, 0, 5, LingerDeadline}, {30, 5, 5, LingerDeadline},
		{0, 0, 0, NoDeadline},
	} {
		cfg := DefaultConfig()
		cfg.LingerIdle, cfg.LingerTotal, cfg.DrainLinger = test.idle, test.total, 0
		var c Conn
		c.Init(&cfg, 0)
		c.Drain(0, 0)
		if e := c.Next(0); e != Shutdown {
			t.Fatal(e)
		}
		if when, kind := c.Deadline(); when != test.want || kind != test.kind {
			t.Errorf("%+v: %d %s", test, when, kind)
		}
	}
}

// TestDismiss: an end in order without an answer, for its own reason.
func TestDismiss(t *testing.T) {
	cfg := DefaultConfig()
	var c Conn
	c.Init(&cfg, 0)
	c.Dismiss(1, ReasonHandshake)
	if e := c.Next(1); e != Shutdown {
		t.Fatal(e)
	}
	if e := c.Next(1); e != NeedInput || !c.Deaf() {
		t.Fatal(e)
	}
	c.Discarded(2, 100)
	c.ReceiveEnd(3)
	if e := c.Next(3); e != Close || c.Reason() != ReasonHandshake {
		t.Errorf("%s, %s", e, c.Reason())
	}
}

// TestNoDate: a server without a clock (RFC 9110 §6.6.1).
func TestNoDate(t *testing.T) {
	cfg := DefaultConfig()
	c := begin(t, &cfg, plainGet)
	if err := c.End(0); err != nil {
		t.Fatal(err)
	}
	if got := take(c, 0); strings.Contains(got, "Date") {
		t.Errorf("sent %q", got)
	}
}

// TestReadErrorIsPeers: what a handler meets when it reads tells whose fault it
// is.
func TestReadErrorIsPeers(t *testing.T) {
	cfg := DefaultConfig()
	c := begin(t, &cfg, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx")
	if b, err := c.Body(0); string(b) != "hello" || err != nil {
		t.Fatalf("%q, %v", b, err)
	}
	c.Consume(5)
	_, err := c.Body(0)
	var peer *PeerError
	if !errors.As(err, &peer) || peer.Status != 400 || peer.Offset != 5 {
		t.Errorf("%#v", err)
	}
	if _, again := c.Body(0); again != err {
		t.Errorf("then %v", again)
	}
}

// Late moves to the given time what began in calls that were given an old one,
// and nothing else.
func TestLate(t *testing.T) {
	cfg := DefaultConfig()
	var c Conn
	c.Init(&cfg, 0)
	c.Receive(0, []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT"))
	if e := c.Next(0); e != Requested || !c.Pipelined() {
		t.Fatalf("%v, pipelined %v", e, c.Pipelined())
	}
	_ = c.End(0) // the handler took a minute, and the clock was not read
	if e := c.Next(0); e != NeedInput {
		t.Fatal(e)
	}
	c.Late(time.Minute)
	if when, kind := c.Deadline(); kind != HeadDeadline || when != time.Minute+cfg.HeadTimeout {
		t.Errorf("deadline %v at %v", kind, when)
	}
	c.Sent(time.Minute, int64(len(c.Output().Head)))
	c.Release()

	c.Receive(2*time.Minute, []byte("TP/1.1\r\nHost: a\r\n\r\n"))
	if e := c.Next(2 * time.Minute); e != Requested || c.Pipelined() {
		t.Fatalf("%v, pipelined %v", e, c.Pipelined())
	}
	_ = c.End(2 * time.Minute)
	c.Sent(2*time.Minute, int64(len(c.Output().Head)))
	c.Release()
	c.Late(3 * time.Minute)
	if when, kind := c.Deadline(); kind != IdleDeadline || when != 3*time.Minute+cfg.IdleTimeout {
		t.Errorf("deadline %v at %v", kind, when)
	}
}
