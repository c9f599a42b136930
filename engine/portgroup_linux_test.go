package engine_test

import (
	"context"
	"errors"
	"net"
	"os"
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
		for _, joins := range []string{"before", "meanwhile"} {
			t.Run(transport.String()+", "+joins, func(t *testing.T) {
				t.Parallel() // most of it is waiting
				ln := listen(t, "tcp", "127.0.0.1:0")
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
				if joins == "before" {
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
