package engine_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// shutDown begins Shutdown and returns what it returns.
func (f *fixture) shutDown() (ended chan error) {
	ended = make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		ended <- f.Shutdown(ctx)
	}()
	return ended
}

// refuses waits until nobody listens at the server's address any more.
func (f *fixture) refuses() {
	f.t.Helper()
	if !within(patience, func() bool {
		c, err := net.Dial("tcp", f.addr)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	}) {
		f.t.Fatal("it still listens")
	}
}

// TestHold: a request that crosses the shutdown on an idle connection is
// answered, and the answer says that it is the last.
func TestHold(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Close.Hold = patience
		f := serve(t, o, hello)
		used, fresh := f.dial(), f.dial()
		used.get("/")
		used.wants(200, "hello")
		f.booksAgree(2)
		ended := f.shutDown()
		f.refuses()
		for _, c := range []*client{used, fresh} {
			c.get("/")
			if a := c.wants(200, "hello"); !a.Close {
				t.Error("the answer does not say that it is the last")
			}
			c.ended()
			_ = c.Close()
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := f.Stats().Closed[conn.ReasonDrain]; n != 2 {
			t.Errorf("closed by reason: %v", f.Stats().Closed)
		}
	})
}

// TestHoldEnds: without a request it ends when the hold has passed, and without
// a hold at once.
func TestHoldEnds(t *testing.T) {
	for _, hold := range []time.Duration{-1, 300 * time.Millisecond} {
		o := engine.Options{}
		o.Close.Hold = hold
		f := serve(t, o, hello)
		c := f.dial()
		c.get("/")
		c.wants(200, "hello")
		start := time.Now()
		ended := f.shutDown()
		c.ended()
		if d := time.Since(start); d < hold || d > hold+patience/2 {
			t.Errorf("hold %v: ended after %v", hold, d)
		}
		_ = c.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// TestDrainAnswersReceived: requests that came together are all answered if the
// first of them had been received when the shutdown began; the last answer says
// so, and no other one.
func TestDrainAnswersReceived(t *testing.T) {
	const requests = 50 // one read takes them all
	inModes(t, func(t *testing.T, o engine.Options) {
		entered, leave := make(chan struct{}), make(chan struct{})
		first := true
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if first {
				first = false
				close(entered)
				<-leave
			}
			hello(w, r)
		})
		c := f.dial()
		c.send("%s", strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", requests))
		<-entered
		ended := f.shutDown()
		time.Sleep(20 * time.Millisecond) // until it has begun, or a little less
		close(leave)
		for i := 1; i <= requests; i++ {
			if a := c.wants(200, "hello"); a.Close && i != requests {
				t.Errorf("answer %d says that it is the last", i)
			} else if !a.Close && i == requests {
				t.Log("the shutdown began after the last answer") // the hold then ended it
			}
		}
		c.ended()
		_ = c.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// TestHoldIsForTheIdle: a connection whose requests wait for their turn is not idle,
// however long the turns of others take.
func TestHoldIsForTheIdle(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Dispatch.Loops = 1
		o.Close.Hold = time.Millisecond
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			time.Sleep(100 * time.Microsecond)
			_, _ = w.Write(r.Query())
		})
		cs := make([]*client, 10)
		for i := range cs {
			cs[i] = f.dial()
			cs[i].send("%s", pipelined(100, -1))
		}
		for _, c := range cs {
			c.wants(200, "0")
		}
		ended := f.shutDown()
		for i, c := range cs {
			s, err := c.rest()
			if n := strings.Count(s, "Connection: close\r\n"); err != nil || n > 1 || n == 0 && !strings.HasSuffix(s, "\r\n\r\n99") {
				t.Errorf("client %d: %d last answers, %v, ends with %q", i, n, err, s[max(0, len(s)-80):])
			}
			_ = c.Close()
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
