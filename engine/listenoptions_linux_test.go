package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pollard-go/pollard/engine/internal/programs"
)

// acceptedOption gives what getsockopt says of a connection, in its handler.
func acceptedOption(w *Response, level, option int) int {
	n, err := -1, error(nil)
	switch io := w.k.io.(type) {
	case *runner:
		n, err = unix.GetsockoptInt(int(io.link.fd), level, option)
	case *stream:
		_ = io.io.(*wire).raw.Control(func(fd uintptr) { n, err = unix.GetsockoptInt(int(fd), level, option) })
	}
	if err != nil {
		return -1
	}
	return n
}

// listening runs ListenAndServe on a free port and returns the address.
func listening(t *testing.T, o Options, h HandlerFunc) (addr string, srv *Server) {
	t.Helper()
	o.Addr = programs.FreeAddr(t)
	o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	srv = New(h, o)
	done := make(chan error, 1)
	go func() { done <- srv.ListenAndServe() }()
	t.Cleanup(func() {
		_ = srv.Close()
		if err := <-done; !errors.Is(err, ErrServerClosed) {
			t.Errorf("ListenAndServe: %v", err)
		}
	})
	return o.Addr, srv
}

// fetch gets "/" and returns the body.
func fetch(t *testing.T, addr string) string {
	t.Helper()
	var c net.Conn
	var err error
	for range 500 { // the server may not listen yet
		if c, err = net.DialTimeout("tcp", addr, 10*time.Second); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	b, err := io.ReadAll(c)
	_, body, ok := strings.Cut(string(b), "\r\n\r\n")
	if err != nil || !ok {
		t.Fatalf("%q, %v", b, err)
	}
	return body
}

// TestListenOptions: what accepted sockets have, by default and as asked for.
func TestListenOptions(t *testing.T) {
	const tcp, socket = unix.IPPROTO_TCP, unix.SOL_SOCKET
	for _, c := range []struct {
		name          string
		set           func(o *ListenOptions)
		level, option int
		want          int
	}{
		{"no delay by default", nil, tcp, unix.TCP_NODELAY, 1},
		{"Nagle", func(o *ListenOptions) { o.Nagle = true }, tcp, unix.TCP_NODELAY, 0},
		{"UserTimeout", func(o *ListenOptions) { o.UserTimeout = 12_345_678 * time.Microsecond }, tcp, unix.TCP_USER_TIMEOUT, 12346},
		{"UserTimeout by default", nil, tcp, unix.TCP_USER_TIMEOUT, 0},
		{"probes by default", nil, socket, unix.SO_KEEPALIVE, 1},
		{"ProbeIdle by default", nil, tcp, unix.TCP_KEEPIDLE, 90},
		{"ProbeInterval by default", nil, tcp, unix.TCP_KEEPINTVL, 15},
		{"ProbeCount by default", nil, tcp, unix.TCP_KEEPCNT, 4},
		{"no probes", func(o *ListenOptions) { o.ProbeIdle = -1 }, socket, unix.SO_KEEPALIVE, 0},
		{"ProbeIdle", func(o *ListenOptions) { o.ProbeIdle = 1500 * time.Millisecond }, tcp, unix.TCP_KEEPIDLE, 2},
		{"ProbeInterval", func(o *ListenOptions) { o.ProbeInterval = 3 * time.Second }, tcp, unix.TCP_KEEPINTVL, 3},
		{"ProbeCount", func(o *ListenOptions) { o.ProbeCount = 7 }, tcp, unix.TCP_KEEPCNT, 7},
		{"SendBuffer", func(o *ListenOptions) { o.SendBuffer = 50_000 }, socket, unix.SO_SNDBUF, 100_000},
		{"ReceiveBuffer", func(o *ListenOptions) { o.ReceiveBuffer = 50_000 }, socket, unix.SO_RCVBUF, 100_000},
		{"QuickAck", func(o *ListenOptions) { o.QuickAck = true }, tcp, unix.TCP_QUICKACK, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, transport := range []Transport{TransportEpoll, TransportNet} {
				o := Options{Dispatch: DispatchOptions{Mode: ModeInline}}
				if c.set != nil {
					c.set(&o.Listen)
				}
				o.Listen.Transport = transport
				addr, _ := listening(t, o, func(w *Response, _ *Request) {
					_, _ = fmt.Fprint(w, acceptedOption(w, c.level, c.option))
				})
				if got := fetch(t, addr); got != fmt.Sprint(c.want) {
					t.Errorf("%s: accepted sockets have %s, want %d", transport, got, c.want)
				}
			}
		})
	}
}

// TestServeSetsOptions: a listener that Serve is given gets them too.
func TestServeSetsOptions(t *testing.T) {
	for _, transport := range []Transport{TransportEpoll, TransportNet} {
		t.Run(transport.String(), func(t *testing.T) { serveSetsOptions(t, transport) })
	}
}

func serveSetsOptions(t *testing.T, transport Transport) {
	var lc net.ListenConfig
	lc.SetMultipathTCP(false) // its sockets refuse UserTimeout
	ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var o Options
	o.Listen.Transport = transport
	o.Listen.ProbeCount, o.Listen.UserTimeout = 8, 30*time.Second
	srv := New(HandlerFunc(func(w *Response, _ *Request) {
		_, _ = fmt.Fprint(w, acceptedOption(w, unix.IPPROTO_TCP, unix.TCP_KEEPCNT), acceptedOption(w, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT))
	}), o)
	go func() { _ = srv.Serve(ln) }()
	defer srv.Close()
	fetch(t, ln.Addr().String()) // it may have been established before Serve was called
	if got := fetch(t, ln.Addr().String()); got != "8 30000" {
		t.Errorf("accepted sockets have %s", got)
	}
}

// TestDeferral: connections are left in the kernel, by default, only of a socket that
// nobody else has.
func TestDeferral(t *testing.T) {
	opened := (*Server).ListenAndServe
	given := func(s *Server) error {
		var lc net.ListenConfig
		lc.SetMultipathTCP(false) // its sockets refuse it
		ln, err := lc.Listen(context.Background(), "tcp", s.given.Addr)
		if err != nil {
			return err
		}
		return s.Serve(ln)
	}
	for _, c := range []struct {
		name      string
		serve     func(*Server) error
		after     time.Duration
		exclusive bool
		want      int // seconds
	}{
		{"ours", opened, 0, false, 1},
		{"ours, at once", opened, -1, false, 0},
		{"ours, as said", opened, 2500 * time.Millisecond, false, 3},
		{"given", given, 0, false, 0},
		{"given, as said", given, time.Second, false, 1},
		{"exclusive", given, 0, true, 1},
		{"exclusive, at once", given, -1, true, 0},
	} {
		for _, transport := range []Transport{TransportEpoll, TransportNet} {
			t.Run(c.name+", "+transport.String(), func(t *testing.T) {
				o := Options{Addr: programs.FreeAddr(t), Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
				o.Listen.DeferAccept, o.Listen.Exclusive, o.Listen.Transport = c.after, c.exclusive, transport
				srv := New(HandlerFunc(func(w *Response, _ *Request) { _, _ = w.WriteString("hello") }), o)
				done := make(chan error, 1)
				go func() { done <- c.serve(srv) }()
				defer func() {
					_ = srv.Close()
					if err := <-done; !errors.Is(err, ErrServerClosed) {
						t.Error(err)
					}
				}()
				fetch(t, o.Addr)
				if got := deferral(t, o.Addr); got != c.want {
					t.Errorf("after %d s, want %d", got, c.want)
				}
			})
		}
	}
}

// deferral returns TCP_DEFER_ACCEPT of the socket of this process that listens on addr.
func deferral(t *testing.T, addr string) int {
	t.Helper()
	for fd := range 1024 {
		listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		if err != nil || listens == 0 {
			continue
		}
		a, err := unix.Getsockname(fd)
		if err != nil {
			continue
		}
		if a, ok := a.(*unix.SockaddrInet4); !ok || fmt.Sprint(netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))) != addr {
			continue
		}
		seconds, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT)
		if err != nil {
			t.Fatal(err)
		}
		return seconds
	}
	t.Fatalf("nothing listens on %s", addr)
	return 0
}

// TestSilentIsAccepted: a peer that waits for the server to begin is seen after about
// a second.
func TestSilentIsAccepted(t *testing.T) {
	var o Options
	o.Timeouts.Head, o.KeepAlive.IdleTimeout = 50*time.Millisecond, 50*time.Millisecond
	addr, srv := listening(t, o, func(w *Response, _ *Request) { _, _ = w.WriteString("hello") })
	fetch(t, addr)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	if n, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("%d, %v", n, err)
	}
	if n := srv.Stats().Accepted; n != 2 {
		t.Errorf("%d accepted", n)
	}
}

// TestDeferAccept: a connection that sends nothing is not accepted.
func TestDeferAccept(t *testing.T) {
	var o Options
	o.Listen.DeferAccept = 30 * time.Second
	addr, srv := listening(t, o, func(w *Response, _ *Request) { _, _ = w.WriteString("hello") })
	fetch(t, addr)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	time.Sleep(200 * time.Millisecond)
	before := srv.Stats().Accepted
	if got := fetch(t, addr); got != "hello" || before != srv.Stats().Accepted-1 {
		t.Errorf("%q; accepted %d, then %d", got, before, srv.Stats().Accepted)
	}
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	b := make([]byte, 1000)
	if n, err := c.Read(b); err != nil || !strings.HasSuffix(string(b[:n]), "hello") {
		t.Errorf("%q, %v", b[:n], err)
	}
}

// TestFastOpen: the queue is there, and where the system allows it a request in
// the SYN is served.
func TestFastOpen(t *testing.T) {
	var o Options
	o.Listen.FastOpen = 17
	addr, srv := listening(t, o, func(w *Response, _ *Request) {
		info, err := unix.GetsockoptTCPInfo(int(w.k.io.(*runner).link.fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		_, _ = fmt.Fprint(w, err == nil && info.Options&tcpiOptSynData != 0)
	})
	fetch(t, addr)
	srv.mu.Lock()
	n, err := unix.GetsockoptInt(srv.listeners[0].fd, unix.IPPROTO_TCP, unix.TCP_FASTOPEN)
	srv.mu.Unlock()
	if err != nil || n != 17 {
		t.Errorf("a queue of %d, %v", n, err)
	}
	allowed, _ := os.ReadFile("/proc/sys/net/ipv4/tcp_fastopen")
	if s := strings.TrimSpace(string(allowed)); s != "3" && s != "1027" && s != "1539" {
		t.Skipf("net.ipv4.tcp_fastopen is %s: no request in a SYN", s)
	}
	got := ""
	for range 3 { // the first one gets the cookie
		got = fetchFast(t, addr)
	}
	if got != "true" {
		t.Errorf("request in the SYN: %s", got)
	}
}

const tcpiOptSynData = 32 // linux/tcp.h, TCPI_OPT_SYN_DATA

// fetchFast sends its request with the SYN.
func fetchFast(t *testing.T, addr string) string {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 60})
	to := &unix.SockaddrInet4{Port: a.Port, Addr: [4]byte(a.IP.To4())}
	if err := unix.Sendto(fd, []byte("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), unix.MSG_FASTOPEN, to); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1000)
	n, err := unix.Read(fd, b)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(b[:n]), "\r\n\r\n")
	return body
}

// TestListenOptionRefused: the kernel's refusal names the option, and nothing is
// left running.
func TestListenOptionRefused(t *testing.T) {
	for field, set := range map[string]func(o *ListenOptions){
		"Listen.ProbeIdle":     func(o *ListenOptions) { o.ProbeIdle = 100_000 * time.Second }, // the kernel takes 32767
		"Listen.ProbeInterval": func(o *ListenOptions) { o.ProbeInterval = 100_000 * time.Second },
		"Listen.ProbeCount":    func(o *ListenOptions) { o.ProbeCount = 1000 },
	} {
		o := Options{Addr: "127.0.0.1:0"}
		set(&o.Listen)
		srv := New(HandlerFunc(func(*Response, *Request) {}), o)
		err := srv.ListenAndServe()
		var oe *OptionError
		if !errors.As(err, &oe) || oe.Field != field || !strings.Contains(err.Error(), "setsockopt TCP_KEEP") {
			t.Errorf("%s: %v", field, err)
		}
		if srv.loops != nil || srv.started {
			t.Errorf("%s: loops are running", field)
		}
	}
}

// TestListenAndServeFails: nothing has been started then, so that the server can
// be tried again, or be shut down.
func TestListenAndServeFails(t *testing.T) {
	taken, err := net.Listen("tcp", programs.FreeAddr(t))
	if err != nil {
		t.Fatal(err)
	}
	srv := New(HandlerFunc(func(w *Response, _ *Request) { _, _ = w.WriteString("hello") }),
		Options{Addr: taken.Addr().String(), Listen: ListenOptions{ReusePort: true}})
	for range 2 {
		if err := srv.ListenAndServe(); !errors.Is(err, unix.EADDRINUSE) {
			t.Fatalf("ListenAndServe: %v", err)
		}
		if srv.loops != nil || srv.started {
			t.Fatal("loops are running")
		}
	}
	_ = taken.Close()
	done := make(chan error, 1)
	go func() { done <- srv.ListenAndServe() }()
	if got := fetch(t, taken.Addr().String()); got != "hello" {
		t.Errorf("%q", got)
	}
	if err := srv.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, ErrServerClosed) {
		t.Error(err)
	}
	never := New(HandlerFunc(func(*Response, *Request) {}), Options{Addr: "unix:/nonexistent/socket"})
	if err := never.ListenAndServe(); err == nil {
		t.Error("no error")
	}
	if err := never.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestConnectionIDs: they differ, also of connections beyond the millionth slot
// and of those that follow each other in one slot.
func TestConnectionIDs(t *testing.T) {
	lp := &loop{index: 3}
	seen := make(map[uint64]bool)
	for i := range 1000 {
		lp.serial++
		l := link{loop: lp, slot: uint32(i%2) << 20, gen: uint32(i), serial: lp.serial}
		if id := l.id(); seen[id] {
			t.Fatalf("%#x comes twice", id)
		} else {
			seen[id] = true
		}
	}
	if a, b := (&link{loop: lp, serial: 1}).id(), (&link{loop: &loop{index: 4}, serial: 1}).id(); a == b {
		t.Errorf("two loops give the same id %#x", a)
	}
}

// TestSpareDescriptors: connections leave a reserve to handlers.
func TestSpareDescriptors(t *testing.T) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		t.Fatal(err)
	}
	limit, loops := min(int(r.Cur), mostConnections), 2
	n := spareDescriptors(loops)
	if n < 1 || limit > 1000 && limit < mostConnections && (n > limit-limit/8 || n < limit/2) {
		t.Errorf("%d connections with %d descriptors", n, limit)
	}
}
