package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/pollard-go/pollard/engine"
)

// The clients are another implementation of RFC 6455 than the server's.

var full = flag.Bool("full", false, "test with the full numbers of connections")

const patience = 30 * time.Second

// serve starts a site. At the test's end it must come down.
func serve(t *testing.T) (s *site, addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = newSite()
	served := make(chan error, 1)
	go func() { served <- s.srv.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.srv.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v with %+v", err, s.srv.Stats())
		}
		if err := <-served; !errors.Is(err, engine.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return s, ln.Addr().String()
}

// connect opens a conversation whose writer makes frames of 1,000 bytes.
func connect(addr string) (*websocket.Conn, error) {
	d := websocket.Dialer{WriteBufferSize: 1000, HandshakeTimeout: patience}
	c, _, err := d.Dial("ws://"+addr+"/", nil)
	if err != nil {
		return nil, err
	}
	_ = c.SetReadDeadline(time.Now().Add(4 * patience))
	return c, nil
}

// sends writes a message in as many pieces, each of them in frames of its own.
func sends(c *websocket.Conn, kind int, message []byte, pieces int) error {
	w, err := c.NextWriter(kind)
	if err != nil {
		return err
	}
	for piece := range slicesOf(message, pieces) {
		if _, err := w.Write(message[piece[0]:piece[1]]); err != nil {
			return err
		}
	}
	return w.Close()
}

func slicesOf(b []byte, pieces int) func(func([2]int) bool) {
	return func(yield func([2]int) bool) {
		size := max(1, (len(b)+pieces-1)/pieces)
		for from := 0; from < len(b); from += size {
			if !yield([2]int{from, min(from+size, len(b))}) {
				return
			}
		}
	}
}

// echoes checks that a message comes back, while it is sent.
func echoes(c *websocket.Conn, kind int, message []byte, pieces int) error {
	sent := make(chan error, 1)
	go func() { sent <- sends(c, kind, message, pieces) }()
	k, got, err := c.ReadMessage()
	if err = errors.Join(err, <-sent); err != nil {
		return err
	}
	if k != kind || !bytes.Equal(got, message) {
		return fmt.Errorf("kind %d of %d bytes came back as kind %d of %d bytes", kind, len(message), k, len(got))
	}
	return nil
}

// converse has fragmented, empty and long messages echoed, and a ping answered
// in the middle of a message; then it ends the conversation.
func converse(addr string, long int) error {
	c, err := connect(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	pongs := make(chan string, 1)
	c.SetPongHandler(func(s string) error { pongs <- s; return nil })
	for _, m := range []struct {
		kind   int
		text   string
		pieces int
	}{
		{websocket.TextMessage, "hello", 1},
		{websocket.TextMessage, "", 1},
		{websocket.BinaryMessage, "", 1},
		{websocket.TextMessage, strings.Repeat("é", 5000), 7}, // cut within characters
		{websocket.BinaryMessage, strings.Repeat("\x00\xff", 60000), 3},
		{websocket.BinaryMessage, strings.Repeat("x", long), 10},
	} {
		if err := echoes(c, m.kind, []byte(m.text), m.pieces); err != nil {
			return err
		}
	}
	w, err := c.NextWriter(websocket.TextMessage)
	if err == nil {
		_, err = w.Write(bytes.Repeat([]byte("a"), 3000)) // at least two frames are out
	}
	if err == nil {
		err = c.WriteControl(websocket.PingMessage, []byte("there?"), time.Now().Add(patience))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return err
	}
	if _, got, err := c.ReadMessage(); err != nil || len(got) != 3000 {
		return fmt.Errorf("%d bytes, %v", len(got), err)
	}
	select {
	case s := <-pongs:
		if s != "there?" {
			return fmt.Errorf("pong %q", s)
		}
	default:
		return errors.New("no pong before the message's end")
	}
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if err := c.WriteControl(websocket.CloseMessage, bye, time.Now().Add(patience)); err != nil {
		return err
	}
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		return fmt.Errorf("the end: %w", err)
	}
	return nil
}

func TestEcho(t *testing.T) {
	_, addr := serve(t)
	if err := converse(addr, 1<<20); err != nil {
		t.Error(err)
	}
}

// TestMany: 1,000 clients at a time (with -full; otherwise 50), after which
// neither their memory nor their goroutines remain.
func TestMany(t *testing.T) {
	clients := 50
	if *full {
		clients = 1000
	}
	s, addr := serve(t)
	round := func() {
		var all sync.WaitGroup
		for range clients {
			all.Add(1)
			go func() {
				defer all.Done()
				if err := converse(addr, 1<<20); err != nil {
					t.Error(err)
				}
			}()
		}
		all.Wait()
	}
	before := settled(s)
	round()
	first := settled(s)
	round()
	after := settled(s)
	t.Logf("%d clients: heap and stacks %d KB before, %d KB after, %d KB after another time", clients, before>>10, first>>10, after>>10)
	if after > first+first/4+4<<20 {
		t.Errorf("memory grows: %d, %d, %d bytes", before, first, after)
	}
	if n := s.srv.Stats().States[engine.StateHijacked]; n != 0 {
		t.Errorf("%d conversations remain", n)
	}
}

// settled waits until all conversations have ended, and returns what memory is
// in use.
func settled(s *site) uint64 {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if st := s.srv.Stats(); st.Open+st.States[engine.StateHijacked] == 0 {
			break
		}
	}
	var m runtime.MemStats
	for range 3 { // pools take two
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// TestViolations: what RFC 6455 forbids ends the conversation, with the status
// that tells why.
func TestViolations(t *testing.T) {
	_, addr := serve(t)
	for _, c := range []struct {
		name, frame string
		want        uint16
	}{
		{"not masked", "\x81\x01a", 1002},
		{"reserved opcode", "\x83\x80\x00\x00\x00\x00", 1002},
		{"continues nothing", "\x80\x80\x00\x00\x00\x00", 1002},
		{"text that is none", "\x81\x81\x00\x00\x00\x00\xff", 1007},
		{"long ping", "\x89\xfe\x00\x7e\x00\x00\x00\x00" + strings.Repeat("x", 126), 1002},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer raw.Close()
			_ = raw.SetDeadline(time.Now().Add(patience))
			_, _ = fmt.Fprint(raw, handshake(""), c.frame)
			in := bufio.NewReader(raw)
			if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != 101 {
				t.Fatal(resp, err)
			}
			frame := make([]byte, 4)
			for { // what was echoed before comes first
				if _, err := in.Read(frame[:1]); err != nil {
					t.Fatalf("no close frame: %v", err)
				}
				if frame[0] == 0x88 {
					break
				}
			}
			for i := range 3 {
				if frame[i+1], err = in.ReadByte(); err != nil {
					t.Fatal(err)
				}
			}
			if got := uint16(frame[2])<<8 | uint16(frame[3]); frame[1] != 2 || got != c.want {
				t.Errorf("close frame % x, want status %d", frame, c.want)
			}
		})
	}
}

// handshake is a good one, or one that differs in a line.
func handshake(line string) string {
	h := "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	if name, _, ok := strings.Cut(line, ":"); ok {
		from := strings.Index(h, name+":")
		to := from + strings.Index(h[from:], "\r\n")
		h = h[:from] + line + h[to:]
	} else if line != "" {
		h = line + h[strings.Index(h, "\r\n"):]
	}
	return h
}

func TestHandshakes(t *testing.T) {
	_, addr := serve(t)
	for _, c := range []struct {
		line   string
		status int
	}{
		{"", 101},
		{"POST / HTTP/1.1", 405},
		{"GET / HTTP/1.0", 426},
		{"GET /nothing HTTP/1.1", 404},
		{"Upgrade: h2c", 426},
		{"Connection: keep-alive", 426},
		{"Sec-WebSocket-Version: 8", 426},
		{"Sec-WebSocket-Key: short", 400},
	} {
		raw, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_ = raw.SetDeadline(time.Now().Add(patience))
		_, _ = fmt.Fprint(raw, handshake(c.line))
		resp, err := http.ReadResponse(bufio.NewReader(raw), nil)
		if err != nil || resp.StatusCode != c.status {
			t.Errorf("%q: %v, %v; want %d", c.line, resp, err, c.status)
		}
		// The example of RFC 6455 §1.3.
		if want := "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; err == nil && c.status == 101 && resp.Header.Get("Sec-WebSocket-Accept") != want {
			t.Errorf("accept %q, want %q", resp.Header.Get("Sec-WebSocket-Accept"), want)
		}
		_ = raw.Close()
	}
}

// TestShutdown ends conversations with status 1001, and waits for their ends.
func TestShutdown(t *testing.T) {
	s, addr := serve(t)
	c, err := connect(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := echoes(c, websocket.TextMessage, []byte("hello"), 1); err != nil {
		t.Fatal(err)
	}
	down := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		down <- s.srv.Shutdown(ctx)
	}()
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("the end: %v", err)
	}
	_ = c.Close()
	if err := <-down; err != nil {
		t.Error(err)
	}
}
