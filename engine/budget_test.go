package engine_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// Heads that never end fill the budget: reading pauses, new connections wait,
// and when the timeout has ended them everything is served again and nothing stays charged.
func TestMemoryBudgetPausesAndRecovers(t *testing.T) {
	for _, mode := range []engine.Mode{engine.ModeAdaptive, engine.ModePooled} {
		t.Run(mode.String(), func(t *testing.T) {
			const limit = 512 << 10
			var o engine.Options
			o.Dispatch.Mode = mode
			o.Limits.MemoryBytes = limit
			o.Timeouts.Head = time.Second // ends those that are not read from, and so not seen to end
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			srv := engine.New(engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
				_, _ = w.WriteString("ok")
			}), o)
			go func() { _ = srv.Serve(ln) }()
			defer srv.Close()

			head := append([]byte("GET / HTTP/1.1\r\nHost: a\r\n"), bytes.Repeat([]byte("X-Fill: "+string(bytes.Repeat([]byte("f"), 1000))+"\r\n"), 50)...)
			var hoarders []net.Conn
			for range 40 { // of 50 KB each: four times the budget
				c, err := net.Dial("tcp", ln.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				_ = c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
				_, _ = c.Write(head) // what is not read stays in the kernel
				hoarders = append(hoarders, c)
			}
			if !within(patience, func() bool { return srv.Stats().Pauses > 0 }) {
				t.Error("waited in vain for reading to pause")
			}
			// One read of 16 KB a connection may come on top before it is charged.
			if held := srv.Stats().Buffered; held > limit+int64(len(hoarders))*64<<10 {
				t.Errorf("%d bytes are held", held)
			}
			for _, c := range hoarders {
				c.Close()
			}
			if !within(patience, func() bool { return srv.Stats().Buffered == 0 }) {
				t.Error("waited in vain for the memory to be free")
			}
			resp, err := http.Get("http://" + ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if b, _ := io.ReadAll(resp.Body); string(b) != "ok" {
				t.Errorf("answer %q", b)
			}
		})
	}
}

// ReadAll does not gather more than the budget has.
func TestMemoryBudgetBoundsReadAll(t *testing.T) {
	var o engine.Options
	o.Limits.MemoryBytes = 1 << 20
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := engine.New(engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
		b, err := r.ReadAll()
		if errors.Is(err, engine.ErrMemory) {
			_ = w.SetStatus(503)
		}
		fmt.Fprintf(w, "%d %v", len(b), err)
	}), o)
	go func() { _ = srv.Serve(ln) }()
	defer srv.Close()
	for _, n := range []int{500 << 10, 3 << 20} {
		resp, err := http.Post("http://"+ln.Addr().String(), "", bytes.NewReader(make([]byte, n)))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		want := 200
		if n > 1<<20 {
			want = 503
		}
		if resp.StatusCode != want {
			t.Errorf("%d bytes: %d %s", n, resp.StatusCode, b)
		}
	}
	if !within(patience, func() bool { return srv.Stats().Buffered == 0 }) {
		t.Error("waited in vain for the memory to be free")
	}
}
