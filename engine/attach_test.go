package engine_test

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/carrier"
	"github.com/pollard-go/pollard/engine/memory"
)

// fed is a carrier of an adapter: what its peer sends is fed to it by a goroutine
// that stands for an event library, and a stream is told that it is ready.
type fed struct {
	nc     *memory.Conn
	mu     sync.Mutex
	came   sync.Cond
	in     []byte
	lent   []byte
	err    error
	woken  bool
	stream carrier.Stream
}

func (f *fed) feed() {
	b := make([]byte, 4<<10)
	for {
		n, err := f.nc.Read(b)
		f.mu.Lock()
		f.in, f.err = append(f.in, b[:n]...), err
		f.came.Broadcast()
		f.mu.Unlock()
		switch {
		case errors.Is(err, io.EOF):
			f.stream.Ended()
			return
		case err != nil:
			f.stream.Broken()
			return
		}
		go f.stream.Ready()
	}
}

func (f *fed) Await(until time.Time, _ bool) error {
	if !until.IsZero() {
		defer time.AfterFunc(time.Until(until), f.Interrupt).Stop()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for len(f.in) == 0 && f.err == nil && !f.woken {
		f.came.Wait()
	}
	if f.woken {
		f.woken = false
		return carrier.ErrInterrupted
	}
	return nil
}

func (f *fed) Receive() ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.in) == 0 {
		return nil, f.err
	}
	f.lent, f.in = f.in, nil
	return f.lent, nil
}

func (f *fed) Release() { clear(f.lent); f.lent = nil }

func (f *fed) AwaitEnd(until time.Time) error { return f.Await(until, false) }
func (f *fed) Watch() error                   { return nil }

func (f *fed) Send(out *conn.Output, limit carrier.Limit) (n int64, err error) {
	for _, b := range [][]byte{out.Head, out.Body, out.Tail} {
		_ = f.nc.SetWriteDeadline(limit.SendLimit())
		k, err := f.nc.Write(b)
		if n += int64(k); errors.Is(err, os.ErrDeadlineExceeded) {
			return n, carrier.ErrInterrupted
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (f *fed) SendFile(file carrier.File, offset, n int64, limit carrier.Limit) (int64, error) {
	b := make([]byte, min(n, 4<<10))
	k, _ := file.ReadAt(b, offset)
	return f.Send(&conn.Output{Head: b[:k]}, limit)
}

func (f *fed) Unacknowledged() (int64, error) { return 0, nil }
func (f *fed) CloseWrite(carrier.Limit) error { return f.nc.CloseWrite() }
func (f *fed) Close(reset bool) {
	if reset {
		_ = f.nc.SetLinger(0)
	}
	_ = f.nc.Close()
}

func (f *fed) Interrupt() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.woken = true
	f.came.Broadcast()
}

func (f *fed) Abort()                              { f.Close(true) }
func (f *fed) Hijack() (net.Conn, []byte, error)   { return nil, nil, errors.ErrUnsupported }
func (f *fed) LetGo()                              {}
func (f *fed) RemoteAddr() (none netip.AddrPort)   { return none }
func (f *fed) LocalAddr() (nowhere netip.AddrPort) { return nowhere }

// attach serves on ln as an adapter does.
func attach(s *engine.Server, ln *memory.Listener) error {
	srv := carrier.ServerOf(s)
	done, err := srv.AttachSource(func() { _ = ln.Close() })
	if err != nil {
		return err
	}
	defer done()
	for {
		nc, err := ln.Accept()
		if err != nil {
			return engine.ErrServerClosed
		}
		f := &fed{nc: nc.(*memory.Conn)}
		f.came.L = &f.mu
		if f.stream, err = srv.Attach(f); err != nil {
			f.Abort()
			continue
		}
		go f.feed()
	}
}

// TestAttach: a stream without a goroutine answers, waits, and has its timeouts.
func TestAttach(t *testing.T) {
	ln := memory.Listen()
	o := engine.Options{}
	o.KeepAlive.IdleTimeout = 300 * time.Millisecond
	o.Timeouts.Head = 100 * time.Millisecond
	detached := make(chan *engine.Detached, 1)
	f := serveWith(t, ln, o, func(w *engine.Response, r *engine.Request) {
		switch string(r.Path()) {
		case "/detach":
			detached <- w.Detach()
			return
		case "/wait":
			<-r.Context().Done()
		}
		_, _ = r.Body().WriteTo(w)
		hello(w, r)
	}, func(s *engine.Server, _ net.Listener) error { return attach(s, ln) })
	dial := func() *client {
		nc, err := ln.Dial()
		if err != nil {
			t.Fatal(err)
		}
		return clientOf(t, nc)
	}
	c := dial()
	for range 3 {
		c.get("/")
		c.get("/")
		c.wants(200, "hello")
		c.wants(200, "hello")
		c.send("%s", post("/", 6))
		c.send("abc")
		time.Sleep(10 * time.Millisecond)
		c.send("def")
		c.wants(200, "abcdefhello")
		c.get("/detach")
		d := <-detached
		_, _ = d.WriteString("later")
		time.Sleep(10 * time.Millisecond)
		_ = d.End()
		c.wants(200, "later")
	}
	c.ended() // idle
	_ = c.Close()
	partial := dial()
	partial.send("GET /")
	if a := partial.answer(); a.StatusCode != 408 {
		t.Errorf("%v", a.Response)
	}
	partial.ended()
	_ = partial.Close()
	gone := dial()
	gone.get("/wait")
	gone.reset()
	f.booksAgree(0)
	if s := f.Stats(); s.Closed[conn.ReasonIdle] != 1 || s.Closed[conn.ReasonHeadTimeout] != 1 {
		t.Errorf("%v", s.Closed)
	}
	open := dial()
	open.get("/")
	open.wants(200, "hello")
}
