package engine_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

// debugged has every server of the tests run with Options.Debug.
var debugged = os.Getenv("POLLARD_DEBUG") == "1"

// carried has every server of the tests use the transport of that name.
var carried = os.Getenv("POLLARD_TRANSPORT")

// aboutLoops skips a test of what only event loops have.
func aboutLoops(t *testing.T) {
	t.Helper()
	if carried != "" && carried != "epoll" {
		t.Skip("there are no event loops with POLLARD_TRANSPORT=" + carried)
	}
}

// fixture is a server under test. At the test's end it must come down without
// a trace.
type fixture struct {
	*engine.Server
	t      *testing.T
	addr   string
	served chan error
}

// serve starts a server on a TCP socket.
func serve(t *testing.T, o engine.Options, h engine.HandlerFunc) *fixture {
	t.Helper()
	return serveOn(t, listen(t, "tcp", "127.0.0.1:0"), o, h)
}

func listen(t *testing.T, network, addr string) net.Listener {
	t.Helper()
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func serveOn(t *testing.T, ln net.Listener, o engine.Options, h engine.HandlerFunc) *fixture {
	t.Helper()
	return serveWith(t, ln, o, h, (*engine.Server).Serve)
}

// serveWith starts a server by one of its methods.
func serveWith(t *testing.T, ln net.Listener, o engine.Options, h engine.HandlerFunc,
	serve func(*engine.Server, net.Listener) error,
) *fixture {
	t.Helper()
	running.begin(ln)
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	o.Debug = o.Debug || debugged
	if carried != "" {
		if err := o.Listen.Transport.UnmarshalText([]byte(carried)); err != nil {
			t.Fatal(err)
		}
	}
	f := &fixture{Server: engine.New(h, o), t: t, addr: ln.Addr().String(), served: make(chan error, 1)}
	go func() { f.served <- serve(f.Server, ln) }()
	t.Cleanup(f.comesDown)
	return f
}

// comesDown ends the server, and checks that its books agree and that neither a
// goroutine nor a descriptor remains.
func (f *fixture) comesDown() {
	f.t.Helper()
	defer running.end(f.t)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := f.Shutdown(ctx); err != nil {
		f.t.Errorf("Shutdown: %v with %+v", err, f.Stats())
	}
	select {
	case err := <-f.served:
		if !errors.Is(err, engine.ErrServerClosed) {
			f.t.Errorf("Serve: %v", err)
		}
	case <-ctx.Done():
		f.t.Error("Serve does not return")
	}
	f.booksAgree(0)
	if !within(patience, func() bool { return f.Stats().Workers == 0 }) {
		f.t.Errorf("%d workers remain", f.Stats().Workers)
	}
}

// booksAgree waits until so many connections are open, and checks that each
// other one has a reason.
func (f *fixture) booksAgree(open int64) {
	f.t.Helper()
	if !within(patience, func() bool { return f.Stats().Open == open }) {
		f.t.Errorf("%d connections open, want %d", f.Stats().Open, open)
		return
	}
	s := f.Stats()
	if n := sum(s); n != s.Accepted-open || s.Closed[0] != 0 {
		f.t.Errorf("accepted %d, open %d, closed by reason %v", s.Accepted, s.Open, s.Closed)
	}
}

func sum(s engine.Stats) (n int64) {
	for _, k := range s.Closed {
		n += k
	}
	return n
}

// trace is what servers must not leave behind.
type trace struct{ goroutines, descriptors int }

// running holds all servers of fixtures to what was there before the first of
// them. One that starts beside another can't be held to what it found itself: the
// other may not have started all of its own by then.
var running outset

type outset struct {
	mu      sync.Mutex
	servers int
	taken   bool // before is, and nobody has been held to it yet
	before  trace
}

// begin counts a server, which serves ln unless it is nil.
func (o *outset) begin(ln net.Listener) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.servers++
	if o.taken {
		return
	}
	o.taken, o.before = true, traces()
	if _, ok := ln.(syscall.Conn); ok {
		o.before.descriptors-- // ln's
	}
}

// end checks that neither a goroutine nor a descriptor remains, if it was the
// last server.
func (o *outset) end(t *testing.T) {
	o.mu.Lock()
	o.servers--
	o.mu.Unlock()
	var after trace
	if !within(patience, func() bool {
		after = traces()
		o.mu.Lock()
		defer o.mu.Unlock()
		clean := after.goroutines <= o.before.goroutines && after.descriptors <= o.before.descriptors
		if o.servers == 0 && clean {
			o.taken = false
		}
		return clean || o.servers > 0
	}) {
		t.Errorf("before: %+v, after: %+v\n%s", o.before, after, stacks())
		o.mu.Lock()
		o.taken = false // the next test begins anew
		o.mu.Unlock()
	}
}

func traces() trace {
	entries, _ := os.ReadDir("/proc/self/fd")
	return trace{runtime.NumGoroutine(), len(entries)}
}

func stacks() string {
	b := make([]byte, 64<<10)
	return string(b[:runtime.Stack(b, true)])
}

// within polls until ok holds. It reports false when the time is over.
func within(limit time.Duration, ok func() bool) bool {
	for end := time.Now().Add(limit); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

var modes = []engine.Mode{engine.ModePooled, engine.ModeInline, engine.ModeAdaptive}

// inModes runs a test with handlers on the loop, on workers, and on both.
func inModes(t *testing.T, test func(t *testing.T, o engine.Options)) {
	t.Helper()
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) {
			test(t, engine.Options{Dispatch: engine.DispatchOptions{Mode: mode}})
		})
	}
}

func hello(w *engine.Response, _ *engine.Request) { _, _ = w.WriteString("hello") }

// records collects what a server logs.
func records(o *engine.Options) *journal {
	j := &journal{lines: make(chan string, 1000)}
	o.Logger = slog.New(slog.NewTextHandler(j, nil))
	return j
}

type journal struct{ lines chan string }

func (j *journal) Write(p []byte) (int, error) {
	select {
	case j.lines <- string(p):
	default:
	}
	return len(p), nil
}

// faults returns what has been logged since the last call, without that a handler
// was slow: on a busy machine any may be.
func (j *journal) faults() string {
	var b strings.Builder
	for _, line := range strings.SplitAfter(j.all(), "\n") {
		if !strings.Contains(line, "holds an event loop") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// all returns what has been logged since the last call.
func (j *journal) all() string {
	var b strings.Builder
	for {
		select {
		case s := <-j.lines:
			b.WriteString(s)
		default:
			return b.String()
		}
	}
}
