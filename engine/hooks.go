package engine

import (
	"fmt"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// Hooks are called when something happens. A nil one costs a branch.
//
// They may be called by several goroutines at once. Those of one connection are
// called one after the other: Opened, then StateChanged and RequestDone, then
// Closed, which is the last. The goroutine is the one at work on the connection,
// so they must not block: Opened, StateChanged and Closed hold up an event loop,
// and RequestDone is a part of the handler before it, for the watchdog too.
//
// They may call Stats, Draining, Close, and also Shutdown and Drain, which then
// return at once. They must not use a Detached.
//
// A panic of a hook is logged and the server goes on, unless PanicCrash is set.
// One that ends its goroutine by runtime.Goexit, as FailNow of a test does, makes
// the engine panic.
type Hooks struct {
	// Stalled is told of each handler that held an event loop for too long, in a
	// goroutine of its own.
	Stalled func(Stall)
	// Panicked is told of each panic of a handler but ErrAbort, instead of the
	// log, by the goroutine that ran the handler.
	Panicked func(Panic)

	// Opened is told of each connection that is taken.
	Opened func(ConnInfo)
	// StateChanged is told of each change of a connection's state. It begins as
	// StateIdle. A request that comes whole and is answered at once is seen as
	// StateHandling and back. With this hook Stats.States are exact, and each
	// request costs two changes of a counter more.
	StateChanged func(c ConnInfo, from, to ConnState)
	// Closed is told of each connection that has ended, after it was counted and
	// just before its socket is closed. A Shutdown that ends in order returns after
	// the last of them.
	Closed func(ConnInfo, ConnEnd)
	// RequestDone is told of each request that was answered, before the end of the
	// answer leaves: for access logs. Requests that are declined with 503 for want
	// of a worker are among them; those that are refused for what they are (400,
	// 408, 414, 431 and their kin) are no requests that could be told: they show in
	// Closed, by their reason. One that hijacks is told of at the hijack, with status
	// 101 or, if nothing was sent, 0.
	RequestDone func(RequestRecord)

	// Draining is called once, when Shutdown or Drain begins and before
	// Close.Notice runs: have health checks fail from here on. It is called by a
	// goroutine of its own, and the notice does not wait for it.
	Draining func()
	// Drained is called once, when that has ended, with what Drain returns. It is
	// called by a goroutine of its own.
	Drained func(DrainReport, error)
}

// ConnInfo tells hooks which connection it is about. It is valid during the call.
type ConnInfo struct{ of ends }

// ends is what a transport knows of a connection.
type ends interface {
	id() uint64
	remote() netip.AddrPort
	local() netip.AddrPort
}

// ID returns the number that Request.ConnID gives.
func (c ConnInfo) ID() uint64 { return c.of.id() }

// RemoteAddr returns the address of the peer; invalid for a Unix socket. A link-local
// one has a zone: on Linux its interface's index.
func (c ConnInfo) RemoteAddr() netip.AddrPort { return c.of.remote() }

// LocalAddr returns the address that the peer connected to; invalid for a Unix
// socket. It asks the system.
func (c ConnInfo) LocalAddr() netip.AddrPort { return c.of.local() }

// ConnEnd is the end of a connection.
type ConnEnd struct {
	Reason   conn.Reason
	Cut      bool          // by Close, or by the end of Shutdown's context
	Requests int           // whose head has come whole, answered or refused
	BytesIn  int64         // received
	BytesOut int64         // given to the socket
	Age      time.Duration // since it was taken
}

// RequestRecord is a request with its answer, for an access log. The views are
// valid during the call.
type RequestRecord struct {
	Conn        ConnInfo
	Transaction int    // the request's number on its connection, from 1
	Method      []byte // a token
	Target      []byte // as sent: it may hold quotes and backslashes
	Status      int
	// Content is how many bytes of content the answer has, without framing. They
	// have been given to the connection: a long file may take its time to leave.
	Content int64
	// Took is the time from the handler's call to its return, for a Detached to its
	// end.
	Took time.Duration
	// Broken says that the answer was broken off, or that the connection had ended
	// before it was complete.
	Broken bool
}

// Stall is a handler that has held an event loop for too long. Another
// goroutine has gone on with the loop; the handler goes on as well.
type Stall struct {
	Loop   int           // which one
	Held   time.Duration // for how long at least
	Method string
	Target string
}

// Panic is a handler's panic.
type Panic struct {
	Value  any
	Stack  []byte
	Method string
	Target string
}

// What calls a hook is a method whose name begins with hook: withinOwnCall knows
// them by that.

func (s *Server) hookStalled(stall Stall) {
	var returned bool
	defer s.hookEnded("Stalled", &returned)
	s.opts.Hooks.Stalled(stall)
	returned = true
}

func (s *Server) hookHandlerPanicked(p Panic) {
	var returned bool
	defer s.hookEnded("Panicked", &returned)
	s.opts.Hooks.Panicked(p)
	returned = true
}

func (s *Server) hookOpened(of ends) {
	if h := s.opts.Hooks.Opened; h != nil {
		var returned bool
		defer s.hookEnded("Opened", &returned)
		h(ConnInfo{of})
		returned = true
	}
}

func (s *Server) hookStateChanged(of ends, from, to ConnState) {
	if h := s.opts.Hooks.StateChanged; h != nil {
		var returned bool
		defer s.hookEnded("StateChanged", &returned)
		h(ConnInfo{of}, from, to)
		returned = true
	}
}

func (s *Server) hookClosed(of ends, c *conn.Conn, now time.Duration, cut bool) {
	if h := s.opts.Hooks.Closed; h != nil {
		var returned bool
		defer s.hookEnded("Closed", &returned)
		h(ConnInfo{of}, ConnEnd{
			Reason: c.Reason(), Cut: cut, Requests: c.Transactions(),
			BytesIn: c.BytesIn(), BytesOut: c.BytesOut(), Age: now - c.Opened(),
		})
		returned = true
	}
}

func (s *Server) hookRequestDone(rec RequestRecord) {
	var returned bool
	defer s.hookEnded("RequestDone", &returned)
	s.opts.Hooks.RequestDone(rec)
	returned = true
}

func (s *Server) hookDraining() {
	if h := s.opts.Hooks.Draining; h != nil {
		var returned bool
		defer s.hookEnded("Draining", &returned)
		h()
		returned = true
	}
}

func (s *Server) hookDrained(r DrainReport, err error) {
	if h := s.opts.Hooks.Drained; h != nil {
		var returned bool
		defer s.hookEnded("Drained", &returned)
		h(r, err)
		returned = true
	}
}

// hookEnded is deferred around each hook. One that has ended the goroutine of a
// connection or a loop leaves it half done, and nobody could go on with it.
func (s *Server) hookEnded(name string, returned *bool) {
	if *returned {
		return
	}
	v := recover()
	if v == nil {
		panic("engine: hook " + name + " called runtime.Goexit, as FailNow of a test does")
	}
	if s.opts.Panic == PanicCrash {
		panic(v)
	}
	s.opts.Logger.Error("engine: hook panicked", "hook", name, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
}
