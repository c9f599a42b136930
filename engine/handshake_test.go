package engine_test

import (
	"crypto/tls"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// clientHello is what a client says first.
func clientHello(t *testing.T) []byte {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	go func() { _ = tls.Client(near, &tls.Config{InsecureSkipVerify: true}).Handshake() }()
	b := make([]byte, 16<<10)
	n, err := far.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return b[:n]
}

// TestHandshakesStoppedOnTime: many peers that stop in the middle of a handshake are
// gone when their time is over, each counted from its own beginning, also while others
// keep the processors busy with handshakes.
func TestHandshakesStoppedOnTime(t *testing.T) {
	stopped, others, limit := 200, 4, 3*time.Second
	if *full {
		stopped, others, limit = 2000, 64, 10*time.Second
	}
	hello16 := clientHello(t)
	var o engine.Options
	o.TLS.HandshakeTimeout = limit
	f := serveSecurely(t, o, hello)

	stop := make(chan struct{})
	var busy sync.WaitGroup
	for range others {
		busy.Add(1)
		go func() {
			defer busy.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				began := time.Now()
				c, err := tls.Dial("tcp", f.addr, &tls.Config{InsecureSkipVerify: true})
				switch {
				case err == nil:
					_ = c.Close()
				case time.Since(began) < limit/2: // otherwise the machine is too slow for so many
					t.Errorf("another client: %v", err)
					return
				}
			}
		}()
	}
	var mu sync.Mutex
	var took []time.Duration
	var peers sync.WaitGroup
	for i := range stopped {
		peers.Add(1)
		go func() {
			defer peers.Done()
			began := time.Now() // not after the accept
			c, err := net.DialTimeout("tcp", f.addr, patience)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_, _ = c.Write(hello16[:len(hello16)-i%2*len(hello16)/2])
			_ = c.SetDeadline(began.Add(patience))
			if _, err := io.Copy(io.Discard, c); isTimeout(err) {
				t.Error("it is there still")
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(began))
		}()
	}
	peers.Wait()
	close(stop)
	busy.Wait()
	slices.Sort(took)
	t.Logf("gone after %v to %v, the median %v", took[0], took[len(took)-1], took[len(took)/2])
	// One turn after the other would take them the number of peers times the limit.
	if took[0] < limit-50*time.Millisecond || took[len(took)-1] > 10*limit {
		t.Errorf("gone after %v to %v with a limit of %v", took[0], took[len(took)-1], limit)
	}
	if n := f.Stats().Closed[conn.ReasonHandshake]; n < int64(stopped) {
		t.Errorf("%d of %d ended for that", n, stopped)
	}
}

// TestHandshakeQueue: to wait for one's turn counts as well, and Close doesn't wait
// for those whose turn does not end.
func TestHandshakeQueue(t *testing.T) {
	const waiting, limit = 40, 2 * time.Second
	cert, key := certify(t, t.TempDir(), "a.example")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	defer close(leave)
	var o engine.Options
	o.TLS.HandshakeTimeout, o.TLS.Handshakes = limit, 1
	o.TLS.Config = &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if h.ServerName == "stuck.example" {
			entered <- struct{}{}
			<-leave
		}
		return &pair, nil
	}}
	srv := engine.New(engine.HandlerFunc(hello), o)
	ln := listen(t, "tcp", "127.0.0.1:0")
	go func() { _ = srv.ServeTLS(ln, "", "") }()
	stuck := dial(t, "tcp", ln.Addr().String())
	go func() {
		_ = tls.Client(stuck.Conn, &tls.Config{InsecureSkipVerify: true, ServerName: "stuck.example"}).Handshake()
	}()
	<-entered
	first, began := clientHello(t), time.Now()
	for range waiting {
		dial(t, "tcp", ln.Addr().String()).send("%s", first)
	}
	if !within(patience, func() bool { return srv.Stats().Closed[conn.ReasonHandshake] == waiting }) || time.Since(began) > waiting*limit/2 {
		t.Errorf("%d ended after %v", srv.Stats().Closed[conn.ReasonHandshake], time.Since(began))
	}
	if d := time.Since(began); d < limit-50*time.Millisecond {
		t.Errorf("ended after %v", d)
	}
	for range waiting {
		dial(t, "tcp", ln.Addr().String()).send("%s", first)
	}
	if !within(patience, func() bool { return srv.Stats().Open == waiting+1 }) {
		t.Errorf("%d open", srv.Stats().Open)
	}
	closed := time.Now()
	_ = srv.Close()
	if !within(patience, func() bool { return srv.Stats().Open == 1 }) {
		t.Errorf("%d still open %v after Close", srv.Stats().Open, time.Since(closed))
	}
	// Had Close left them, they would have ended by their limit.
	if n := srv.Stats().Closed[conn.ReasonHandshake]; n != waiting && time.Since(closed) > limit/2 {
		t.Errorf("%d ended by the limit, %v after Close", n-waiting, time.Since(closed))
	}
}

// TestHandshakeAlert: a peer that doesn't speak TLS, or none that we do, can read the
// alert that says so, also when it has sent much that nobody has looked at.
func TestHandshakeAlert(t *testing.T) {
	f := serveSecurely(t, engine.Options{}, hello)
	for name, said := range map[string]string{
		"garbage":     "\x80garbage" + strings.Repeat("garbage", 20_000),
		"no hello":    "\x16\x03\x01\x00\x04\x02\x00\x00\x00" + strings.Repeat("x", 100_000),
		"too long":    "\x16\x03\x01\xff\xff" + strings.Repeat("x", 100_000),
		"old version": "\x16\x02\x00\x00\x2f\x01\x00\x00\x2b\x02\x00" + strings.Repeat("x", 100_000),
	} {
		c := f.dial()
		c.send("%s", said)
		time.Sleep(50 * time.Millisecond) // so that a reset would have come
		const alert, fatal = 0x15, 2      // RFC 8446 §5.1, §6
		got, err := c.rest()
		if err != nil || len(got) < 7 || got[0] != alert || got[5] != fatal {
			t.Errorf("%s: %x, %v", name, got, err)
		}
		_ = c.Close()
	}
	f.booksAgree(0)
	if s := f.Stats(); s.Closed[conn.ReasonHandshake] != 4 {
		t.Errorf("%v", s.Closed)
	}
}
