package engine_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// isEnded tells whether the server has ended the connection, as far as the kernel
// knows now.
func (c *client) isEnded() bool {
	c.t.Helper()
	n, _, err := syscall.Recvfrom(c.descriptor(), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return n <= 0 && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR)
}

// isShed waits until it is: the place is counted as free a moment before.
func (c *client) isShed() bool {
	c.t.Helper()
	return within(patience, c.isEnded)
}

// wantShed waits until so many have given way.
func (f *fixture) wantShed(n int64) {
	f.t.Helper()
	if !within(patience, func() bool { return f.Stats().Closed[conn.ReasonShed] >= n }) {
		f.t.Fatalf("%d have given way, want %d", f.Stats().Closed[conn.ReasonShed], n)
	}
	if got := f.Stats().Closed[conn.ReasonShed]; got != n {
		f.t.Fatalf("%d have given way, want %d", got, n)
	}
}

// TestSoftLimitShedsOldestFirst: each new connection above the soft limit ends
// exactly the one that has been idle longest, on one loop.
func TestSoftLimitShedsOldestFirst(t *testing.T) {
	t.Run("net", func(t *testing.T) {
		softLimitSheds(t, engine.Options{Listen: engine.ListenOptions{Transport: engine.TransportNet}})
	})
	inModes(t, softLimitSheds)
}

func softLimitSheds(t *testing.T, o engine.Options) {
	const soft, more = 24, 20
	o.Dispatch.Loops = 1
	o.Limits.Connections, o.Limits.SoftConnections, o.Limits.ShedMinIdle = 100, soft, 300*time.Millisecond
	f := serve(t, o, hello)
	idle := make([]*client, soft) // the first has been idle longest
	for i := range idle {
		idle[i] = f.dial()
	}
	rand.Shuffle(soft, func(i, k int) { idle[i], idle[k] = idle[k], idle[i] })
	touch := func(c *client) {
		c.served()
		time.Sleep(3 * time.Millisecond) // the loop's clock moves
	}
	for _, c := range idle {
		touch(c)
	}
	time.Sleep(400 * time.Millisecond)
	f.wantShed(0) // at the limit
	for i := range more {
		if i%5 == 4 { // one that was to go next shows that it is in use
			c := idle[0]
			touch(c)
			idle = append(idle[1:], c)
		}
		f.dialed()
		f.wantShed(int64(i + 1))
		if !idle[0].isShed() {
			t.Fatalf("connection %d: another than the longest idle one has given way", i)
		}
		idle = idle[1:]
	}
	for _, c := range idle {
		c.served()
	}
}

// TestShedSparesTheYoungAndTheBusy: what has not been idle for long enough does
// not give way, nor what has a request under way; the limit holds all the same.
func TestShedSparesTheYoungAndTheBusy(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Dispatch.Loops = 1
		o.Limits.Connections, o.Limits.SoftConnections, o.Limits.ShedMinIdle = 6, 4, time.Second
		leave := make(chan struct{})
		end := sync.OnceFunc(func() { close(leave) })
		pooled := engine.Pooled(engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
			<-leave
			hello(w, r)
		}))
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/hold" {
				pooled.ServeHTTP(w, r)
				return
			}
			hello(w, r)
		})
		defer end()
		handling, receiving, head := f.dial(), f.dial(), f.dial()
		handling.get("/hold")
		receiving.send("%sabc", post("/", 10))
		head.send("GET / HT")
		idle := f.dialed()
		time.Sleep(o.Limits.ShedMinIdle)
		began := time.Now()
		one := f.dialed() // the fifth
		f.wantShed(1)
		if !idle.isShed() {
			t.Error("another has given way")
		}
		two := f.dialed()
		f.dialed() // the sixth
		above := f.dial()
		above.get("/")
		within(100*time.Millisecond, func() bool { return f.Stats().Closed[conn.ReasonShed] > 1 })
		if n := f.Stats().Closed[conn.ReasonShed]; n != 1 && time.Since(began) < o.Limits.ShedMinIdle {
			t.Errorf("%d have given way before they were idle for long", n)
		}
		above.wants(200, "hello") // the others have been idle for long enough now
		if d := time.Since(began); d < o.Limits.ShedMinIdle {
			t.Errorf("above the limit one was served after %v", d)
		}
		if !one.isShed() || !two.isShed() {
			t.Error("another has given way")
		}
		end()
		handling.wants(200, "hello")
		receiving.send("defghij")
		receiving.wants(200, "hello")
		head.send("TP/1.1\r\nHost: a\r\n\r\n")
		head.wants(200, "hello")
	})
}

// TestShedOverLoops: nearly the longest idle ones go first, whichever loop they
// belong to.
func TestShedOverLoops(t *testing.T) {
	const soft, more = 60, 30
	var o engine.Options
	o.Dispatch.Loops = 4
	o.Limits.Connections, o.Limits.SoftConnections, o.Limits.ShedMinIdle = 200, soft, 200*time.Millisecond
	f := serve(t, o, hello)
	type used struct {
		*client
		from, at time.Time // between which it was last in use
	}
	idle := make([]used, soft)
	for i := range idle {
		idle[i].client = f.dial()
	}
	rand.Shuffle(soft, func(i, k int) { idle[i], idle[k] = idle[k], idle[i] })
	for i := range idle {
		idle[i].from = time.Now()
		idle[i].served()
		idle[i].at = time.Now()
		time.Sleep(20 * time.Millisecond)
	}
	for range more {
		f.dialed()
	}
	gone := func() (n int) {
		for _, c := range idle {
			if c.isEnded() {
				n++
			}
		}
		return n
	}
	if !within(patience, func() bool { return f.Stats().Closed[conn.ReasonShed] >= more && gone() >= more }) {
		t.Fatalf("%+v", f.Stats())
	}
	var youngest, oldest time.Time // that has given way, and that has not
	ended := 0
	for _, c := range idle {
		switch gone := c.isEnded(); {
		case gone:
			youngest = c.from
			ended++
		case oldest.IsZero():
			oldest = c.at
		}
	}
	if ended < more || ended > more+5 {
		t.Errorf("%d have given way", ended)
	}
	if d := youngest.Sub(oldest); d > 400*time.Millisecond {
		t.Errorf("one gave way that had been idle %v less than another", d)
	}
}

// TestNoSoftLimit: idle connections stay, and those above the limit wait.
func TestNoSoftLimit(t *testing.T) {
	var o engine.Options
	o.Limits.Connections, o.Limits.SoftConnections, o.Limits.ShedMinIdle = 2, -1, -1
	f := serve(t, o, hello)
	a, b := f.dialed(), f.dialed()
	above := f.dial()
	above.get("/")
	above.waits(300 * time.Millisecond)
	a.served()
	b.served()
	f.wantShed(0)
}

// TestLimitWithoutReserve: where both limits are one, a new connection replaces
// the longest idle one.
func TestLimitWithoutReserve(t *testing.T) {
	aboutLoops(t) // streams are told to end and do so soon: one more may be told meanwhile
	for _, refusal := range []engine.RefusalPolicy{engine.RefuseWait, engine.Refuse503} {
		var o engine.Options
		o.Dispatch.Loops = 1
		o.Limits.Connections, o.Limits.SoftConnections, o.Limits.ShedMinIdle = 3, 3, -1
		o.Limits.Refusal = refusal
		f := serve(t, o, hello)
		var last []*client
		for i := range 10 {
			last = append(last, f.dialed())
			if i >= 3 {
				time.Sleep(2 * rankAgain)
			}
		}
		f.wantShed(7)
		for _, c := range last[7:] {
			c.served()
		}
		if s := f.Stats(); s.RefusedFull != 0 {
			t.Errorf("%+v", s)
		}
	}
}

// rankAgain is how long the engine takes its list of idle connections for whole.
const rankAgain = 100 * time.Millisecond

// TestMemoryPressureSheds: near the end of the memory budget, each new connection
// ends an idle one.
func TestMemoryPressureSheds(t *testing.T) {
	var o engine.Options
	o.Dispatch.Loops = 1
	o.Limits.MemoryBytes, o.Limits.ShedMinIdle = 64<<10, 50*time.Millisecond
	f := serve(t, o, hello)
	idle := []*client{f.dialed(), f.dialed(), f.dialed()}
	time.Sleep(200 * time.Millisecond)
	f.dialed()
	f.wantShed(0)
	hoarder := f.dial() // holds 7/8 of the budget, and not all of it
	hoarder.send("GET / HTTP/1.1\r\nHost: a\r\n")
	for range 60 {
		hoarder.send("X: %01000d\r\n", 0)
	}
	if !within(patience, func() bool { return f.Stats().Buffered > 56<<10 }) {
		t.Fatalf("%d bytes are held", f.Stats().Buffered)
	}
	f.dial()
	f.wantShed(1)
	f.dial()
	f.wantShed(2)
	if !idle[0].isShed() || !idle[1].isShed() || idle[2].isEnded() {
		t.Error("not the longest idle ones gave way")
	}
}

// TestPausedIsSeenToEnd: a connection that is not read from, for want of memory,
// is gone as soon as its peer is.
func TestPausedIsSeenToEnd(t *testing.T) {
	for _, transport := range []engine.Transport{engine.TransportEpoll, engine.TransportNet} {
		t.Run(transport.String(), func(t *testing.T) {
			pausedIsSeenToEnd(t, func(t *testing.T, o engine.Options) (*fixture, func() *client) {
				o.Listen.Transport = transport
				f := serve(t, o, hello)
				return f, f.dial
			})
		})
	}
	t.Run("TLS", func(t *testing.T) {
		pausedIsSeenToEnd(t, func(t *testing.T, o engine.Options) (*fixture, func() *client) {
			f := serveSecurely(t, o, hello)
			return f.fixture, func() *client {
				c, _ := f.shakes()
				return c
			}
		})
	})
}

func pausedIsSeenToEnd(t *testing.T, begin func(*testing.T, engine.Options) (*fixture, func() *client)) {
	for _, reset := range []bool{false, true} {
		var o engine.Options
		o.Limits.MemoryBytes = 64 << 10
		o.Timeouts.Head = time.Hour
		f, dial := begin(t, o)
		hoarders := make([]*client, 10)
		for i := range hoarders {
			hoarders[i] = dial()
		}
		for _, c := range hoarders {
			c.send("GET / HTTP/1.1\r\nHost: a\r\n")
		}
		for range 30 {
			for _, c := range hoarders {
				_, _ = io.WriteString(c, "X: "+string(make0(1000))+"\r\n")
			}
		}
		if !within(patience, func() bool { return f.Stats().Pauses > 0 }) {
			t.Fatal("none is paused")
		}
		for _, c := range hoarders {
			if reset {
				c.reset()
			} else {
				_ = c.Close()
			}
		}
		f.booksAgree(0)
		if s := f.Stats(); s.Buffered != 0 {
			t.Errorf("%d bytes are held", s.Buffered)
		}
	}
}

func make0(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0'
	}
	return b
}
