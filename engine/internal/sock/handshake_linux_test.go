package sock

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestDeafen: who connects later is refused; whose handshake has begun is not cut
// off, and who was established is there.
func TestDeafen(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "0.0.0.0:0", "[::]:0", "[::1]:0"} {
		t.Run(addr, func(t *testing.T) {
			// With TCP_DEFER_ACCEPT a handshake lasts, for us, until data has come.
			lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
				_ = c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 30) })
				return err
			}}
			ln, err := lc.Listen(context.Background(), "tcp", addr)
			if err != nil {
				t.Skip(err) // no IPv6
			}
			defer ln.Close()
			at := netip.MustParseAddrPort(ln.Addr().String())
			loopback := "127.0.0.1"
			family := uint8(unix.AF_INET)
			if at.Addr().Is6() {
				loopback, family = "::1", unix.AF_INET6
				probe, err := net.Listen("tcp", "[::1]:0") // a socket for both is had without any address
				if err != nil {
					t.Skipf("no IPv6: %v", err)
				}
				_ = probe.Close()
			}
			target := netip.AddrPortFrom(netip.MustParseAddr(loopback), at.Port()).String()
			connect := func() net.Conn {
				t.Helper()
				c, err := net.Dial("tcp", target)
				if errors.Is(err, syscall.EADDRNOTAVAIL) {
					t.Skip(err) // no IPv6 but for the wildcard
				} else if err != nil {
					t.Fatal(err)
				}
				return c
			}
			if handshaking(family, at.Port()) {
				t.Error("a handshake that nobody has begun")
			}
			half := connect()
			defer half.Close()
			if !handshaking(family, at.Port()) {
				t.Skip("the kernel doesn't tell of handshakes")
			}
			deafen(t, ln)
			if c, err := net.DialTimeout("tcp", target, 10*time.Second); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("connected: %v, %v", c, err)
			}
			if _, err := half.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			c, err := ln.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			b := make([]byte, 10)
			if n, err := c.Read(b); n != 1 || err != nil {
				t.Errorf("%q, %v", b[:n], err)
			}
			if handshaking(family, at.Port()) {
				t.Error("the handshake has ended")
			}
		})
	}
}

func deafen(t *testing.T, ln net.Listener) {
	t.Helper()
	raw, err := ln.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var errno Errno
	_ = raw.Control(func(fd uintptr) {
		if _, ok := ln.(*net.UnixListener); ok {
			errno = DeafenUnix(int(fd))
		} else {
			errno = Deafen(int(fd))
		}
	})
	if errno != 0 {
		t.Skip(errno)
	}
}

// TestDeafenUnix: the same for a Unix socket, which knows no handshake.
func TestDeafenUnix(t *testing.T) {
	path := t.TempDir() + "/socket"
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	early, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	deafen(t, ln)
	if c, err := net.Dial("unix", path); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("connected: %v, %v", c, err)
	}
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

func handshaking(family uint8, port uint16) (yes bool) {
	Handshakes(family, port, func(Handshake) { yes = true })
	return yes
}
