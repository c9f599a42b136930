package engine

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
)

var accountsSeed = flag.Uint64("accountsseed", 1, "what TestAccounts draws from; 0: the time")
var accountsRounds = flag.Int("accountsrounds", 0, "how many servers TestAccounts has; 0: a few")

// TestAccounts: whatever peers and handlers do, and however the server ends, its
// books agree with what hooks were told and what handlers saw, and every place
// that a connection had is given back.
func TestAccounts(t *testing.T) {
	seed := *accountsSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	rounds := *accountsRounds
	if rounds == 0 {
		rounds = 12
		if testing.Short() {
			rounds = 4
		}
	}
	for i := range rounds {
		rnd := rand.New(rand.NewPCG(seed, uint64(i)))
		a := newAccounts(rnd)
		name := fmt.Sprintf("%d", i)
		if !t.Run(name, func(t *testing.T) {
			t.Logf("-accountsseed=%d: %+v, hooks %v", seed, a.o.Limits, a.hooks)
			a.t = t
			a.run(rnd)
		}) {
			break
		}
	}
}

// accounts is a server and what was seen of it.
type accounts struct {
	t     *testing.T
	o     Options
	hooks bool
	srv   *Server
	addr  string

	calls, done, declined atomic.Int64 // of handlers; of RequestDone, with 503 of its own
	hijacked, opened      atomic.Int64
	drain                 atomic.Value // func(), for a handler to call
	held                  atomic.Int64 // connections that were hijacked, and answers that were detached

	mu     sync.Mutex
	conns  map[uint64]ConnState
	closed map[uint64]bool
	wrong  []string
}

func newAccounts(rnd *rand.Rand) *accounts {
	a := &accounts{conns: map[uint64]ConnState{}, closed: map[uint64]bool{}}
	pick := func(of ...int) int { return of[rnd.IntN(len(of))] }
	o := &a.o
	o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	o.Dispatch.Mode = Mode(1 + rnd.IntN(3))
	o.Dispatch.Loops = 1 + rnd.IntN(3)
	o.Dispatch.Workers, o.Dispatch.Queue = pick(0, 0, 2, 8), pick(0, -1, 2)
	o.Limits.Connections = pick(-1, 4, 16)
	o.Limits.SoftConnections = pick(0, -1, 0)
	o.Limits.ShedMinIdle = time.Duration(pick(-1, 0, 5)) * time.Millisecond
	o.Limits.ClientConnections = pick(0, 3, 10)
	o.Limits.Refusal = RefusalPolicy(rnd.IntN(3))
	if rnd.IntN(3) == 0 {
		o.Limits.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}
	}
	o.Limits.MemoryBytes = int64(pick(0, 0, 32<<10))
	o.Limits.OutputBytes, o.Limits.Pipelined = pick(0, 1, 4096), pick(0, 1, -1)
	o.Limits.DiscardBytes = int64(pick(0, -1, 4))
	few := func() time.Duration { return time.Duration(pick(0, 0, 5, 20)) * time.Millisecond }
	o.Timeouts.Head, o.Timeouts.Body, o.Timeouts.Write, o.Timeouts.Receive = few(), few(), few(), few()
	o.Timeouts.RateGrace, o.Timeouts.Request = few(), few()
	o.Timeouts.ReadRate, o.Timeouts.WriteRate = int64(pick(0, 1<<30, -1)), int64(pick(0, 1<<30, -1))
	o.KeepAlive.IdleTimeout, o.KeepAlive.MaxAge = few(), few()
	o.KeepAlive.MaxRequests = pick(0, 1, 5)
	o.Close.LingerBytes, o.Close.DrainLinger = int64(pick(0, 1, -1)), few()
	o.Close.Reset = conn.Reasons(pick(0, 0, -1))
	o.Close.HalfClose = HalfClosePolicy(rnd.IntN(2))
	o.Debug = rnd.IntN(4) == 0
	o.Close.Hold = time.Duration(pick(-1, 1, 50)) * time.Millisecond
	o.Close.Notice = time.Duration(pick(0, 0, 20)) * time.Millisecond
	o.Close.LingerIdle = 200 * time.Millisecond
	o.Close.WaitHijacked = rnd.IntN(2) == 0
	o.Listen.ReusePort = rnd.IntN(2) == 0
	if rnd.IntN(6) == 0 {
		o.Listen.Transport = TransportNet
	}
	if a.hooks = rnd.IntN(3) > 0; a.hooks {
		a.listen()
	}
	return a
}

func (a *accounts) errorf(format string, args ...any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.wrong) < 10 {
		a.wrong = append(a.wrong, fmt.Sprintf(format, args...))
	}
}

// listen has the hooks note what they are told.
func (a *accounts) listen() {
	h := &a.o.Hooks
	h.Opened = func(c ConnInfo) {
		a.opened.Add(1)
		a.mu.Lock()
		_, known := a.conns[c.ID()]
		a.conns[c.ID()] = StateIdle
		a.mu.Unlock()
		if known {
			a.errorf("opened twice: %d", c.ID())
		}
	}
	h.StateChanged = func(c ConnInfo, from, to ConnState) {
		a.mu.Lock()
		was, known := a.conns[c.ID()]
		a.conns[c.ID()] = to
		over := a.closed[c.ID()]
		a.mu.Unlock()
		if !known || was != from || over || from == to {
			a.errorf("%d: from %v to %v, was %v %v, closed %v", c.ID(), from, to, was, known, over)
		}
	}
	h.Closed = func(c ConnInfo, e ConnEnd) {
		a.mu.Lock()
		_, known := a.conns[c.ID()]
		over := a.closed[c.ID()]
		a.closed[c.ID()] = true
		a.mu.Unlock()
		if !known || over {
			a.errorf("%d: closed: known %v, closed before %v", c.ID(), known, over)
		}
	}
	h.RequestDone = func(r RequestRecord) {
		a.done.Add(1)
		if r.Status == 503 {
			a.declined.Add(1)
		}
		a.mu.Lock()
		over := a.closed[r.Conn.ID()]
		a.mu.Unlock()
		if over {
			a.errorf("%d: a request is done after the end", r.Conn.ID())
		}
	}
}

func (a *accounts) handle(w *Response, r *Request) {
	a.calls.Add(1)
	if drain, ok := a.drain.Load().(func()); ok {
		drain()
	}
	switch string(r.Path()) {
	case "/sleep":
		time.Sleep(3 * time.Millisecond)
	case "/panic":
		panic(ErrAbort)
	case "/late":
		_, _ = w.WriteString("x")
		_ = w.Flush()
		panic(ErrAbort)
	case "/exit":
		runtime.Goexit()
	case "/read":
		_, _ = io.Copy(io.Discard, r.Body())
	case "/large":
		_, _ = w.Write(make([]byte, 200<<10))
	case "/detach":
		d := w.Detach()
		a.held.Add(1)
		go func() {
			defer a.held.Add(-1)
			time.Sleep(time.Millisecond)
			_, _ = d.WriteString("later")
			_ = d.End()
		}()
		return
	case "/detachpanic":
		d := w.Detach()
		a.held.Add(1)
		go func() { defer a.held.Add(-1); _ = d.End() }()
		panic(ErrAbort)
	case "/hijack", "/hijackslow", "/hijackpanic", "/hijackexit":
		if string(r.Path()) == "/hijackslow" {
			time.Sleep(3 * time.Millisecond) // the loop is taken
		}
		a.hijack(w)
		switch string(r.Path()) {
		case "/hijackpanic":
			panic(ErrAbort)
		case "/hijackexit":
			runtime.Goexit()
		}
		return
	case "/wait":
		select {
		case <-r.Context().Done():
		case <-time.After(30 * time.Millisecond):
		}
	}
	_, _ = w.WriteString("hello")
}

func (a *accounts) hijack(w *Response) {
	c, err := w.Hijack()
	if err != nil {
		_, _ = w.WriteString("not")
		return
	}
	a.hijacked.Add(1)
	a.held.Add(1)
	go func() {
		defer a.held.Add(-1)
		_ = c.SetDeadline(time.Now().Add(50 * time.Millisecond))
		_, _ = io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
		_ = c.Close()
		_ = c.Close()
	}()
}

// peer does something that no peer should do, or should.
func (a *accounts) peer(rnd *rand.Rand) {
	d := net.Dialer{Timeout: time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(1+rnd.IntN(3)))}}
	nc, err := d.Dial("tcp", a.addr)
	if err != nil {
		return
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(2 * time.Second))
	targets := []string{
		"/", "/", "/sleep", "/panic", "/late", "/exit", "/read", "/large", "/detach", "/detachpanic", "/hijack",
		"/hijackslow", "/hijackpanic", "/hijackexit", "/wait",
	}
	r := bufio.NewReader(nc)
	for range 1 + rnd.IntN(4) {
		var b strings.Builder
		n := 1 + rnd.IntN(4)
		for range n {
			target := targets[rnd.IntN(len(targets))]
			switch rnd.IntN(12) {
			case 0:
				fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789", target)
			case 1:
				fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n0123456789", target)
			case 2:
				fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", target)
			case 3:
				fmt.Fprintf(&b, "GET %s HTTP/1.0\r\n\r\n", target)
			case 4:
				b.WriteString("GET\r\n\r\n")
			case 5:
				b.WriteString("GET / HT")
			default:
				fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target)
			}
		}
		if _, err := io.WriteString(nc, b.String()); err != nil {
			return
		}
		switch rnd.IntN(6) {
		case 0:
			_ = nc.(*net.TCPConn).SetLinger(0)
			return
		case 1:
			return
		case 2:
			_ = nc.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, r)
			return
		case 3:
			time.Sleep(time.Duration(rnd.IntN(20)) * time.Millisecond)
		default:
			_ = nc.SetReadDeadline(time.Now().Add(time.Duration(1+rnd.IntN(30)) * time.Millisecond))
			_, err := io.Copy(io.Discard, r)
			if ne := net.Error(nil); !errors.As(err, &ne) {
				return
			}
		}
	}
}

func (a *accounts) run(rnd *rand.Rand) {
	a.srv = New(HandlerFunc(a.handle), a.o)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		a.t.Fatal(err)
	}
	a.addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- a.srv.Serve(ln) }()
	var peers sync.WaitGroup
	stop := make(chan struct{})
	for i := range 24 {
		draw := rand.New(rand.NewPCG(rnd.Uint64(), uint64(i)))
		peers.Add(1)
		go func() {
			defer peers.Done()
			for {
				select {
				case <-stop:
					return
				default:
					a.peer(draw)
				}
			}
		}()
	}
	time.Sleep(300 * time.Millisecond)
	how := rnd.IntN(5)
	if how == 0 { // the peers first
		close(stop)
		peers.Wait()
		a.rests()
		a.serves()
	}
	a.end(how, time.Duration(rnd.IntN(40))*time.Millisecond)
	if how != 0 {
		close(stop)
	}
	if err := <-served; !errors.Is(err, ErrServerClosed) {
		a.t.Errorf("Serve: %v", err)
	}
	peers.Wait()
	if err := a.srv.Shutdown(context.Background()); err != nil {
		a.t.Error(err)
	}
	a.rests()
	for _, w := range a.wrong {
		a.t.Error(w)
	}
}

// end ends the server while peers are at work, and judges the report.
func (a *accounts) end(how int, patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	if how == 1 {
		cancel()
		ctx, cancel = context.WithTimeout(context.Background(), patience)
	}
	defer cancel()
	if how == 2 {
		time.AfterFunc(patience, func() { _ = a.srv.Close() })
	}
	if how == 3 {
		a.endedByHandler(ctx)
	}
	for range how {
		go func() { _, _ = a.srv.Drain(ctx) }()
	}
	r, err := a.srv.Drain(ctx)
	if err != nil && how != 1 {
		a.t.Errorf("Drain: %v", err)
	}
	n := r.Open + r.Accepted - r.Unreached
	for _, k := range r.Ended {
		n -= k
	}
	for _, k := range r.Cut {
		n -= k
	}
	if n != 0 || r.Unreached < 0 || r.Open < 0 || r.Accepted < 0 || r.Requests < 0 || r.Hijacked < 0 {
		a.t.Errorf("the report does not add up: %+v", r)
	}
	if how != 1 && how != 2 && r.Cuts() > 0 {
		a.t.Errorf("cut in an orderly drain: %v", r)
	}
	a.t.Log(r)
}

// endedByHandler has a handler begin the drain, if any gets to it.
func (a *accounts) endedByHandler(ctx context.Context) {
	a.drain.Store(func() {
		if err := a.srv.Shutdown(ctx); !errors.Is(err, ErrDraining) {
			a.errorf("Shutdown by a handler: %v", err)
		}
	})
	for end := time.Now().Add(time.Second); !a.srv.Draining() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// serves checks that the server still does.
func (a *accounts) serves() {
	nc, err := net.Dial("tcp", a.addr)
	if err != nil {
		a.t.Fatal(err)
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(nc, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if b, err := io.ReadAll(nc); err != nil || !strings.HasSuffix(string(b), "hello") {
		a.t.Errorf("at last: %q, %v", b, err)
	}
}

// rests checks the books when nothing is under way.
func (a *accounts) rests() {
	a.t.Helper()
	s := a.srv
	said := ""
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if said = a.unrest(); said == "" {
			break
		}
		if time.Now().After(end) {
			a.t.Errorf("%s: %+v", said, s.Stats())
			return
		}
	}
	if !a.hooks {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	st := s.Stats()
	if len(a.conns) != len(a.closed) || int64(len(a.conns)) != st.Accepted || a.opened.Load() != st.Accepted {
		a.t.Errorf("%d opened, %d closed, %d accepted", len(a.conns), len(a.closed), st.Accepted)
	}
	if a.done.Load() != a.calls.Load()+a.declined.Load() || st.Declined != a.declined.Load() || st.Requests != a.calls.Load() {
		a.t.Errorf("%d requests done, %d declined, handlers called %d times: %+v", a.done.Load(), a.declined.Load(), a.calls.Load(), st)
	}
}

// unrest tells what is not as it has to be when no connection is left.
func (a *accounts) unrest() string {
	s := a.srv
	st := s.Stats()
	var states [NumStates]int64
	s.admission.clients.mu.Lock()
	clients := len(s.admission.clients.open)
	s.admission.clients.mu.Unlock()
	switch {
	case a.held.Load() != 0:
		return fmt.Sprint("held: ", a.held.Load())
	case st.Open != 0 || st.States != states:
		return "connections are open"
	case s.open.Load() != 0:
		return fmt.Sprint("open: ", s.open.Load())
	case s.admission.open.Load() != 0 || s.admission.refusing.Load() != 0 || clients != 0:
		return fmt.Sprint("admission: ", s.admission.open.Load(), s.admission.refusing.Load(), clients)
	case s.hijackedOpen.Load() != 0 || st.Buffered != 0:
		return fmt.Sprint("hijacked ", s.hijackedOpen.Load())
	case st.Queued != 0:
		return "queued"
	}
	for _, n := range s.parts() {
		for i := StateReceiving; i < NumStates; i++ {
			if k := n.states[i].Load(); k != 0 {
				return fmt.Sprintf("%d %s", k, i)
			}
		}
	}
	return loopsUnrest(s)
}

func loopsUnrest(s *Server) string {
	if n := s.strays.Load(); n != 0 {
		return fmt.Sprint("strays ", n)
	}
	_, serving, _ := s.crew.count()
	if serving != 0 {
		return fmt.Sprint("serving ", serving)
	}
	for _, lp := range s.loops {
		lp.mu.Lock()
		over := lp.over
		lp.mu.Unlock()
		if n := lp.load.Load(); n != 0 && !over {
			return fmt.Sprint("load ", n)
		}
	}
	return ""
}
