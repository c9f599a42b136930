package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// A loop that was held up has more connections to look at than its poller tells of
// at once. What came meanwhile counts before the time does.
func TestCameWhileHeldUp(t *testing.T) {
	for _, test := range []struct {
		name   string
		first  string // sent before
		then   string // … and meanwhile
		state  engine.ConnState
		limit  func(o *engine.Options, d time.Duration)
		reason conn.Reason
	}{
		{"idle", "", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", engine.StateIdle, func(o *engine.Options, d time.Duration) {
			o.KeepAlive.IdleTimeout = d
		}, conn.ReasonPeerAsked},
		{"head", "GET / HTTP/1.1\r\nHost: a\r\n", "Connection: close\r\n\r\n", engine.StateReceiving, func(o *engine.Options, d time.Duration) {
			o.Timeouts.Head = d
		}, conn.ReasonPeerAsked},
		{"body", "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\n", "x", engine.StateHandling, func(o *engine.Options, d time.Duration) {
			o.Timeouts.Body = d
		}, conn.ReasonPeerAsked},
		{"linger", "GET /close HTTP/1.1\r\nHost: a\r\n\r\n", "x", engine.StateLingering, func(o *engine.Options, d time.Duration) {
			o.Close.LingerIdle = d
		}, conn.ReasonHandlerAsked},
	} {
		t.Run(test.name, func(t *testing.T) {
			aboutLoops(t)
			limit := 250 * time.Millisecond
			for !cameWhileHeldUp(t, limit, test.first, test.then, test.state, test.reason, test.limit) {
				if limit *= 2; limit > patience { // some ended before the loop was held: the machine is slow
					t.Fatal("the loop can't be held in time")
				}
			}
		})
	}
}

func cameWhileHeldUp(t *testing.T, limit time.Duration, first, then string, state engine.ConnState, reason conn.Reason,
	set func(o *engine.Options, d time.Duration),
) bool {
	const clients = 300
	held, release := make(chan struct{}), make(chan struct{})
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModeInline, Loops: 1}}
	set(&o, limit)
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		if string(r.Path()) == "/hold" {
			close(held)
			<-release
		}
		if string(r.Path()) == "/close" {
			_ = w.SetHeader("Connection", "close")
		}
		if body, err := r.ReadAll(); err != nil {
			_, _ = fmt.Fprint(w, len(body), err)
			return
		}
		hello(w, r)
	})
	all := make([]*client, clients)
	for i := range all {
		all[i] = f.dial()
		defer all[i].Close()
		all[i].send("%s", first)
	}
	inState := func(n int64) bool { return f.Stats().States[state] >= n }
	if !within(limit, func() bool { return inState(clients) }) {
		return false
	}
	holder := f.dial()
	defer holder.Close()
	holder.get("/hold")
	select {
	case <-held:
	case <-time.After(max(limit, time.Second)): // it came too late itself
		close(release)
		return false
	}
	need := int64(clients)
	if state == engine.StateIdle {
		need++ // a handler on its loop is not counted
	}
	crosses := inState(need) // and nothing changes now
	if crosses {
		for _, c := range all {
			c.send("%s", then)
		}
		time.Sleep(limit + limit/2) // the limit of each has passed
	}
	close(release)
	holder.wants(200, "hello")
	if !crosses {
		return false
	}
	for _, c := range all {
		if s, err := c.rest(); err != nil || !strings.HasSuffix(s, "\r\n\r\nhello") {
			t.Fatalf("%q, %v", s, err)
		}
		_ = c.Close()
	}
	f.booksAgree(1)
	s := f.Stats()
	if s.Closed[reason] != clients {
		t.Errorf("ended by reason: %v", s.Closed)
	}
	// What comes behind a last answer is received too, or closing would destroy that.
	if n := clients * len(first+then); s.BytesIn != int64(n) {
		t.Errorf("received %d bytes, of %d", s.BytesIn, n)
	}
	return true
}
