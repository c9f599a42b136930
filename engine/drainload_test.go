package engine_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// drainDepth is how many requests the clients of TestDrainUnderLoad pipeline.
const drainDepth = 4

// drainTally is what the clients of one server have seen.
type drainTally struct {
	answered atomic.Int64 // whole answers
	unsure   atomic.Int64 // requests that were sent and not answered, after an answer that said close
	conns    atomic.Int64 // that were established
	missed   atomic.Int64 // of these, reset by the kernel, which no accept gave to the server
}

// TestDrainUnderLoad: while clients keep connections alive and pipeline, the
// server is shut down. Each request is answered whole, or an earlier answer of its
// connection said that no further one would come; no connection ends without
// having said so, and none that was established is reset; and what the server
// reports adds up with what the clients saw.
func TestDrainUnderLoad(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		for round := range scale(3, 10, 50) {
			drainUnderLoad(t, o, time.Duration(5+round%7*3)*time.Millisecond)
			if t.Failed() {
				t.Fatalf("in round %d", round)
			}
		}
	})
}

func drainUnderLoad(t *testing.T, o engine.Options, after time.Duration) {
	t.Helper()
	o.Dispatch.Loops = 2
	o.Close.Hold = patience // a client that is slow to send its first batch is no idle one
	o.Listen.Exclusive = true
	f := serve(t, o, dawdler)
	var tally drainTally
	var clients sync.WaitGroup
	for range 16 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for drainClient(t, f.addr, &tally) {
			}
		}()
	}
	within(patience, func() bool { return f.Stats().Requests > 200 })
	time.Sleep(after)
	r, err := f.drainWithin(patience)
	if err != nil {
		t.Errorf("%v with %+v", err, f.Stats())
	}
	clients.Wait()
	adds(t, &r)
	s := f.Stats()
	if n := tally.answered.Load(); n != s.Requests || r.Cuts() != 0 {
		t.Errorf("%d answers were seen, %d requests counted: %+v", n, s.Requests, r)
	}
	if n := tally.missed.Load(); n != 0 && runtime.GOOS == "linux" {
		t.Errorf("%d connections were established and reset by the kernel", n)
	}
	if n := tally.conns.Load() - tally.missed.Load(); n != s.Accepted {
		t.Errorf("%d connections were established, %d counted: %+v", n, s.Accepted, r)
	}
	if said, _ := total(&r); r.Open > said || s.Accepted < said {
		t.Errorf("%+v with %+v", r, s)
	}
	t.Logf("%v; %d answered, %d not taken after close, %d connections missed", r, tally.answered.Load(), tally.unsure.Load(), tally.missed.Load())
}

// drainClient keeps one connection busy until it is told to end it. It reports
// whether to open another one.
func drainClient(t *testing.T, addr string, tally *drainTally) (again bool) {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return false // the server has stopped listening
	}
	defer c.Close() //nolint:errcheck // it is over
	_ = c.SetDeadline(time.Now().Add(patience))
	tally.conns.Add(1)
	in := bufio.NewReader(c)
	for batch := 0; ; batch++ {
		var b strings.Builder
		for i := range drainDepth {
			fmt.Fprintf(&b, "GET /?%d-%d HTTP/1.1\r\nHost: a\r\n\r\n", batch, i)
		}
		if _, err := io.WriteString(c, b.String()); err != nil {
			if batch == 0 {
				tally.missed.Add(1)
				return false
			}
			t.Errorf("batch %d can't be sent, and no answer said close: %v", batch, err)
			return false
		}
		for i := range drainDepth {
			resp, err := http.ReadResponse(in, nil)
			if err != nil && batch+i == 0 {
				tally.missed.Add(1)
				return false
			}
			if err != nil {
				t.Errorf("batch %d, request %d: no answer, and none said close: %v", batch, i, err)
				return false
			}
			content, err := io.ReadAll(resp.Body)
			if err != nil || string(content) != fmt.Sprintf("%d-%d", batch, i) {
				t.Errorf("batch %d, request %d: %q, %v", batch, i, content, err)
				return false
			}
			tally.answered.Add(1)
			if !resp.Close {
				continue
			}
			tally.unsure.Add(int64(drainDepth - 1 - i))
			if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
				t.Errorf("batch %d: after the last answer: %v", batch, err)
			}
			return true
		}
	}
}

// TestDrainLooksFirst: also without a hold, what the kernel has received when the
// drain begins is answered.
func TestDrainLooksFirst(t *testing.T) {
	for _, transport := range []engine.Transport{engine.TransportEpoll, engine.TransportNet} {
		inModes(t, func(t *testing.T, o engine.Options) {
			o.Close.Hold, o.Listen.Transport = -1, transport
			f := serve(t, o, hello)
			cs := make([]*client, 50)
			for i := range cs {
				cs[i] = f.dial()
				cs[i].get("/")
				cs[i].wants(200, "hello")
			}
			for _, c := range cs {
				c.get("/")
			}
			ended := f.shutDown()
			for _, c := range cs {
				c.wants(200, "hello")
				_ = c.Close()
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
