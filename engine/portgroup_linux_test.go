package engine_test

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
	"golang.org/x/sys/unix"
)

// TestSuccessorOfGroup: a server ends whose successor has joined its SO_REUSEPORT
// group. While it waits for silent connections that the kernel keeps, who connects
// gets to the successor, and at once: no SYN is lost.
func TestSuccessorOfGroup(t *testing.T) {
	for _, transport := range []engine.Transport{engine.TransportEpoll, engine.TransportNet} {
		for _, joins := range []string{"before", "meanwhile", "before, IPv6"} {
			t.Run(transport.String()+", "+joins, func(t *testing.T) {
				t.Parallel() // most of it is waiting
				at := "127.0.0.1:0"
				if joins == "before, IPv6" {
					at = "[::1]:0"
				}
				ln, err := net.Listen("tcp", at)
				if err != nil {
					t.Skip(err)
				}
				var o engine.Options
				o.Addr = ln.Addr().String()
				o.Listen.Transport, o.Listen.ReusePort, o.Dispatch.Loops = transport, true, 2
				first := serveWith(t, ln, o, hello, listenAndServe)
				first.accepts(t)
				for range 16 {
					silent, err := net.Dial("tcp", first.addr)
					if err != nil {
						t.Fatal(err)
					}
					defer silent.Close()
				}
				succeed := func() *fixture {
					f := serveWith(t, listen(t, "tcp", "127.0.0.1:0"), o, hello, listenAndServe)
					f.addr = first.addr
					f.accepts(t)
					return f
				}
				var second *fixture
				if joins != "meanwhile" {
					second = succeed()
				}
				ended := first.shutDown()
				if joins == "meanwhile" {
					if !within(patience, func() bool { _, err := net.Dial("tcp", first.addr); return errors.Is(err, syscall.ECONNREFUSED) }) {
						t.Fatal("it is not deaf")
					}
					second = succeed()
					time.Sleep(200 * time.Millisecond) // in which the first has seen it
				}
				for i := range 60 {
					if n, err := askOnce(first.addr); err != nil || n != 0 {
						t.Errorf("connection %d: %v, %d segments sent again", i, err, n)
					}
				}
				if n := second.Stats().Requests; n < 30 {
					t.Errorf("%d requests came to the successor", n)
				}
				if err := <-ended; err != nil {
					t.Errorf("Shutdown: %v", err)
				}
				if err := unsteer(t, first.addr); !errors.Is(err, unix.ENOENT) {
					t.Errorf("the group has a program still: %v", err)
				}
			})
		}
	}
}

// TestSiblingOfGroup: of two servers beside each other the younger ends. The kernel
// doesn't tell which connections would come to it, so it is deaf, and none come.
func TestSiblingOfGroup(t *testing.T) {
	for _, at := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel() // most of it is waiting
			ln, err := net.Listen("tcp", at)
			if err != nil {
				t.Skip(err)
			}
			var o engine.Options
			o.Addr = ln.Addr().String()
			o.Listen.ReusePort, o.Dispatch.Loops = true, 2
			older := serveWith(t, ln, o, hello, listenAndServe)
			older.accepts(t)
			younger := serveWith(t, listen(t, "tcp", "127.0.0.1:0"), o, hello, listenAndServe)
			younger.addr = older.addr
			younger.accepts(t)
			var silent []net.Conn
			for range 16 { // for which the younger waits
				c, err := net.Dial("tcp", older.addr)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				silent = append(silent, c)
			}
			before := younger.Stats().Requests
			ended := younger.shutDown()
			if !within(patience, younger.Draining) {
				t.Fatal("it goes on")
			}
			time.Sleep(50 * time.Millisecond) // in which its sockets are deafened
			for i, err := range each(60, 60, func(int) error { _, err := askOnce(older.addr); return err }) {
				t.Errorf("connection %d: %v", i, err)
			}
			if n := younger.Stats().Requests - before; n > 0 {
				t.Errorf("%d requests came to the one that ends", n)
			}
			if err := <-ended; err != nil {
				t.Errorf("Shutdown: %v", err)
			}
			for _, c := range silent {
				_ = c.Close()
			}
		})
	}
}

// TestShuffledGroup: three servers beside each other end one after the other. When
// the first has gone, the others' places are not those that the next takes them
// for. No connection is reset all the same.
func TestShuffledGroup(t *testing.T) {
	t.Parallel()
	ln := listen(t, "tcp", "127.0.0.1:0")
	var o engine.Options
	o.Addr = ln.Addr().String()
	o.Listen.ReusePort, o.Dispatch.Loops = true, 2
	var servers []*fixture
	for i := range 3 {
		if i > 0 {
			ln = listen(t, "tcp", "127.0.0.1:0")
		}
		f := serveWith(t, ln, o, hello, listenAndServe)
		f.addr = o.Addr
		f.accepts(t)
		servers = append(servers, f)
	}
	var over atomic.Bool
	var clients sync.WaitGroup
	for range 8 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for !over.Load() {
				if _, err := askOnce(o.Addr); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	for _, f := range servers[:2] {
		if err := <-f.shutDown(); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	}
	over.Store(true)
	clients.Wait()
}

// accepts waits until the server itself has accepted, whoever else listens there.
func (f *fixture) accepts(t *testing.T) {
	t.Helper()
	before := f.Stats().Requests
	if !within(patience, func() bool { _, _ = askOnce(f.addr); return f.Stats().Requests > before }) {
		t.Fatal("it does not listen")
	}
}

// askOnce has one request answered by a connection of its own, and tells how many
// segments had to be sent again.
func askOnce(addr string) (again uint32, err error) {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return 0, err
	}
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err == nil {
		_ = raw.Control(func(fd uintptr) {
			var info *unix.TCPInfo
			if info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
				again = info.Total_retrans
			}
		})
	}
	return again, errors.Join(err, ask(c))
}

// unsteer takes the program from the group of an address.
func unsteer(t *testing.T, addr string) (err error) {
	t.Helper()
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		cerr := c.Control(func(fd uintptr) {
			err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
		})
		return errors.Join(cerr, err)
	}}
	lc.SetMultipathTCP(false)
	ln, err := lc.Listen(context.Background(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	raw, err := ln.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0) })
	return err
}
