package engine_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// listenAndServe has the server open its own socket where ln was.
func listenAndServe(s *engine.Server, ln net.Listener) error {
	_ = ln.Close()
	return s.ListenAndServe()
}

// TestNobodyIsReset: peers that connect again as soon as they have their answer,
// while the server is shut down: each connection that was established gets an
// answer.
func TestNobodyIsReset(t *testing.T) {
	cert, key := certify(t, t.TempDir(), "localhost")
	serveTLS := func(s *engine.Server, ln net.Listener) error { return s.ServeTLS(ln, cert, key) }
	for _, k := range []struct {
		name, network string
		set           func(*engine.Options)
		serve         func(*engine.Server, net.Listener) error
	}{
		{"Serve", "tcp", func(o *engine.Options) { o.Listen.Exclusive = true }, (*engine.Server).Serve},
		{"ListenAndServe", "tcp", func(*engine.Options) {}, listenAndServe},
		{"ReusePort", "tcp", func(o *engine.Options) { o.Listen.ReusePort, o.Dispatch.Loops = true, 2 }, listenAndServe},
		{"Unix", "unix", func(o *engine.Options) { o.Listen.Exclusive = true }, (*engine.Server).Serve},
		{"Net", "tcp", func(o *engine.Options) { o.Listen.Exclusive, o.Listen.Transport = true, engine.TransportNet }, (*engine.Server).Serve},
		{"NetUnix", "unix", func(o *engine.Options) { o.Listen.Exclusive, o.Listen.Transport = true, engine.TransportNet }, (*engine.Server).Serve},
		{"TLS", "tcp", func(o *engine.Options) { o.Listen.Exclusive = true }, serveTLS},
	} {
		t.Run(k.name, func(t *testing.T) {
			for round := range scale(3, 5, 200) {
				addr := "127.0.0.1:0"
				if k.network == "unix" {
					addr = fmt.Sprintf("%s/%d", t.TempDir(), round)
				}
				ln := listen(t, k.network, addr)
				var o engine.Options
				k.set(&o)
				if o.Addr = ln.Addr().String(); k.network == "unix" {
					o.Addr = "unix:" + o.Addr
				}
				f := serveWith(t, ln, o, hello, k.serve)
				connect := func() (net.Conn, error) { return net.DialTimeout(k.network, f.addr, patience) }
				if k.name == "TLS" {
					connect = func() (net.Conn, error) {
						c, err := net.DialTimeout(k.network, f.addr, patience)
						if err != nil {
							return nil, err
						}
						return tls.Client(c, &tls.Config{InsecureSkipVerify: true}), nil
					}
				}
				nobodyIsReset(t, f, connect, time.Duration(round%7*2)*time.Millisecond)
				if t.Failed() {
					t.Fatalf("in round %d", round)
				}
			}
		})
	}
}

func nobodyIsReset(t *testing.T, f *fixture, connect func() (net.Conn, error), after time.Duration) {
	t.Helper()
	listens := func() bool { // not what was there before listenAndServe
		c, err := connect()
		return err == nil && ask(c) == nil
	}
	if !within(patience, listens) {
		t.Fatal("it does not listen")
	}
	var clients sync.WaitGroup
	var ending atomic.Bool
	for range 16 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for n := 0; ; n++ {
				c, err := connect()
				if err != nil && ending.Load() {
					return // the server has stopped listening
				}
				if err == nil {
					err = ask(c)
				}
				if err != nil {
					t.Errorf("connection %d: %v", n, err)
					return
				}
			}
		}()
	}
	within(patience, func() bool { return f.Stats().Requests > 100 })
	time.Sleep(after)
	ending.Store(true)
	r, err := f.drainWithin(patience)
	if err != nil || r.Cuts() != 0 {
		t.Errorf("%v, %+v", err, r)
	}
	clients.Wait()
	adds(t, &r)
}

// ask has one request answered, and reads to the end.
func ask(c net.Conn) error {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); err != nil {
		return err
	}
	in := bufio.NewReader(c)
	resp, err := http.ReadResponse(in, nil)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "hello" {
		return fmt.Errorf("%q, %w", b, err)
	}
	return nil
}

// TestHandshakeCrossesDrain: a connection whose handshake had begun when the drain
// did is served, and nobody else gets in meanwhile.
func TestHandshakeCrossesDrain(t *testing.T) {
	for _, transport := range []engine.Transport{engine.TransportEpoll, engine.TransportNet} {
		t.Run(transport.String(), func(t *testing.T) {
			var o engine.Options
			o.Listen.Exclusive, o.Listen.Transport = true, transport
			o.Listen.DeferAccept = time.Minute // a handshake lasts, for us, until the request comes
			o.Close.Hold = time.Hour
			f := serve(t, o, hello)
			c := f.served1(t)
			half := f.dial()
			ended := f.shutDown()
			f.refuses()
			half.get("/")
			if a := half.wants(200, "hello"); !a.Close {
				t.Error("the answer does not say that it is the last")
			}
			half.ended()
			_ = half.Close()
			_ = c.Close()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSilentCrossesDrain: a connection that the kernel still holds, since nothing has
// come on it, is ended in order.
func TestSilentCrossesDrain(t *testing.T) {
	for _, transport := range []engine.Transport{engine.TransportEpoll, engine.TransportNet} {
		t.Run(transport.String(), func(t *testing.T) {
			var o engine.Options
			o.Listen.Exclusive, o.Listen.Transport = true, transport
			f := serve(t, o, hello)
			c := f.served1(t)
			accepted := f.Stats().Accepted
			silent := f.dial()
			ended := f.shutDown()
			f.refuses()
			_ = c.Close()
			silent.ended()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if f.Stats().Accepted == accepted {
				t.Error("it was not accepted")
			}
		})
	}
}

// served1 is a connection on which a request has been answered: the server runs.
func (f *fixture) served1(t *testing.T) *client {
	t.Helper()
	c := f.dial()
	c.get("/")
	c.wants(200, "hello")
	return c
}

// TestSharedListener: a socket that somebody else may hold goes on to be one.
func TestSharedListener(t *testing.T) {
	for _, transport := range []engine.Transport{engine.TransportEpoll, engine.TransportNet} {
		for _, network := range []string{"tcp", "unix"} {
			t.Run(transport.String()+" "+network, func(t *testing.T) {
				addr := "127.0.0.1:0"
				if network == "unix" {
					addr = t.TempDir() + "/socket"
				}
				ln := listen(t, network, addr)
				if u, ok := ln.(*net.UnixListener); ok {
					u.SetUnlinkOnClose(false)
				}
				file, err := ln.(interface{ File() (*os.File, error) }).File()
				if err != nil {
					t.Fatal(err)
				}
				successor, err := net.FileListener(file)
				if err != nil {
					t.Fatal(err)
				}
				_ = file.Close()
				defer successor.Close()
				var o engine.Options
				o.Listen.Transport = transport
				f := serveOn(t, ln, o, hello)
				c := f.served1(t)
				_ = c.Close()
				if err := <-f.shutDown(); err != nil {
					t.Fatal(err)
				}
				late := f.dial()
				a, err := successor.Accept()
				if err != nil {
					t.Fatal(err)
				}
				_ = a.Close()
				_ = late.Close()
			})
		}
	}
}
