package engine_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// slowEnd is what became of a slow peer, as seen by the server.
type slowEnd struct {
	reason conn.Reason
	after  time.Duration
}

// TestSlowStreams: peers of streams that send or read as slowly as they can, with TLS and
// without, are ended for the right reason and when their limit says, and cost a bounded
// amount of memory meanwhile.
func TestSlowStreams(t *testing.T) {
	peers, slack := 60, 10*time.Second // on a machine that does other things too
	if *full {
		peers, slack = 1000, 2*time.Second
	}
	const grace, most = 2 * time.Second, 4 * time.Second
	for _, kind := range []struct {
		name, request, drip string
		reason              conn.Reason
		limit               time.Duration
		most                int // bytes of memory for each, both sides and what pools keep
	}{
		{"head", "GET / HTTP/1.1\r\nHost: a\r\nX: ", "x", conn.ReasonHeadTimeout, most, 128 << 10},
		{"body", post("/body", 1000), "x", conn.ReasonBodyRate, grace, 128 << 10},
		{"silent body", post("/body", 1000), "", conn.ReasonBodyTimeout, most, 128 << 10},
		{"reader", "GET /flood HTTP/1.1\r\nHost: a\r\n\r\n", "", conn.ReasonWriteTimeout, most, 320 << 10},
	} {
		for _, secured := range []bool{false, true} {
			name := kind.name
			if secured {
				name += " TLS"
			}
			t.Run(name, func(t *testing.T) {
				var o engine.Options
				o.Listen.Transport, o.Listen.SendBuffer = engine.TransportNet, 16<<10
				o.Timeouts = engine.TimeoutOptions{Head: most, Body: most, Write: most, RateGrace: grace}
				if kind.drip == "" {
					o.Timeouts.RateGrace = time.Hour
				}
				var mu sync.Mutex
				began, ends := make(map[string]time.Time), []slowEnd(nil)
				o.Hooks.Closed = func(c engine.ConnInfo, e engine.ConnEnd) {
					mu.Lock()
					defer mu.Unlock()
					ends = append(ends, slowEnd{e.Reason, time.Since(began[c.RemoteAddr().String()])})
				}
				piece := make([]byte, 100_000)
				h := func(w *engine.Response, r *engine.Request) {
					if string(r.Path()) == "/flood" {
						for err := error(nil); err == nil; {
							_, err = w.Write(piece)
						}
						return
					}
					if _, err := r.ReadAll(); err != nil {
						_ = w.SetStatus(408)
					}
				}
				before := inUse()
				var f *fixture
				if secured {
					f = serveSecurely(t, o, h).fixture
				} else {
					f = serve(t, o, h)
				}
				var came, wait sync.WaitGroup
				came.Add(peers)
				for range peers {
					wait.Add(1)
					go func() {
						defer wait.Done()
						c, send := slowPeer(t, f.addr, secured)
						came.Done()
						if c == nil {
							return
						}
						defer c.Close()
						came.Wait() // handshakes keep the processors busy: limits are measured after them
						mu.Lock()
						began[c.LocalAddr().String()] = time.Now()
						mu.Unlock()
						_, _ = c.Write(send(kind.request))
						drip(c, func() []byte { return send(kind.drip) }, kind.reason != conn.ReasonWriteTimeout)
					}()
				}
				came.Wait()
				time.Sleep(kind.limit * 3 / 4)
				if each := (inUse() - before) / peers; each > kind.most {
					t.Errorf("%d KB for each", each>>10)
				} else {
					t.Logf("%d KB for each of %d, both sides together", each>>10, peers)
				}
				wait.Wait()
				f.booksAgree(0)
				if err := f.Shutdown(context.Background()); err != nil { // it returns after the last hook
					t.Fatal(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if len(ends) != peers {
					t.Fatalf("told of %d ends, want %d", len(ends), peers)
				}
				slices.SortFunc(ends, func(a, b slowEnd) int { return int(a.after - b.after) })
				t.Logf("limit %v, ended after %v to %v", kind.limit, ends[0].after, ends[peers-1].after)
				for _, e := range ends {
					if e.reason != kind.reason || e.after < kind.limit-100*time.Millisecond || e.after > kind.limit+slack {
						t.Fatalf("ended for %q after %v; want %q after %v", e.reason, e.after, kind.reason, kind.limit)
					}
				}
			})
		}
	}
}

// slowPeer connects, and returns what makes bytes to send out of bytes to say. Of TLS
// it keeps as little as it can: the memory that is measured is to be the server's.
func slowPeer(t *testing.T, addr string, secured bool) (c *net.TCPConn, send func(string) []byte) {
	nc, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		t.Error(err)
		return nil, nil
	}
	c = nc.(*net.TCPConn)
	_ = c.SetReadBuffer(4 << 10)
	_ = c.SetDeadline(time.Now().Add(2 * patience))
	if !secured {
		return c, func(s string) []byte { return []byte(s) }
	}
	tap := &tapped{Conn: c}
	client := tls.Client(tap, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err := client.Handshake(); err != nil {
		t.Error(err)
		_ = c.Close()
		return nil, nil
	}
	tap.taps = true
	return c, func(s string) []byte {
		tap.said = nil
		if s != "" {
			_, _ = io.WriteString(client, s)
		}
		return tap.said
	}
}

// tapped keeps what is written.
type tapped struct {
	net.Conn
	taps bool
	said []byte
}

func (c *tapped) Write(p []byte) (int, error) {
	if !c.taps {
		return c.Conn.Write(p)
	}
	c.said = append(c.said, p...)
	return len(p), nil
}

// drip sends a little now and then, until the server ends the connection.
func drip(c *net.TCPConn, next func() []byte, reads bool) {
	const pause = 250 * time.Millisecond
	b := make([]byte, 512)
	for {
		if !reads {
			if wasReset(c) {
				return
			}
			time.Sleep(pause)
			continue
		}
		if _, err := c.Write(next()); err != nil {
			return
		}
		_ = c.SetReadDeadline(time.Now().Add(pause))
		if _, err := c.Read(b); err != nil && !isTimeout(err) {
			return
		} else if err == nil {
			_, _ = io.Copy(io.Discard, c)
			return
		}
	}
}

// inUse is what the process uses.
func inUse() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}
