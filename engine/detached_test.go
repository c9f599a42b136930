package engine_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// detachedServer hands each Detached to the channel. It fails the test if the
// server doesn't shut down.
func detachedServer(t *testing.T, o engine.Options) (addr string, answers chan *engine.Detached, srv *engine.Server) {
	t.Helper()
	answers = make(chan *engine.Detached, 1000)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Debug = o.Debug || debugged
	srv = engine.New(engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
		if string(r.Path()) == "/plain" {
			_, _ = w.WriteString("plain")
			return
		}
		answers <- w.Detach()
		if string(r.Path()) == "/panic" {
			panic(engine.ErrAbort)
		}
	}), o)
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if st := srv.Stats(); st.Open != 0 {
			t.Errorf("%d connections are still open", st.Open)
		}
	})
	return ln.Addr().String(), answers, srv
}

func TestDetachedAnswersLaterAndConnectionGoesOn(t *testing.T) {
	for _, mode := range []engine.Mode{engine.ModeAdaptive, engine.ModeInline, engine.ModePooled} {
		t.Run(mode.String(), func(t *testing.T) {
			addr, answers, _ := detachedServer(t, engine.Options{Dispatch: engine.DispatchOptions{Mode: mode}})
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			in := bufio.NewReader(c)
			for i := range 50 {
				// The pipelined request waits for the detached answer.
				fmt.Fprintf(c, "GET /d HTTP/1.1\r\nHost: a\r\n\r\nGET /plain HTTP/1.1\r\nHost: a\r\n\r\n")
				d := <-answers
				var wg sync.WaitGroup
				wg.Add(1)
				go func() {
					defer wg.Done()
					for _, s := range []string{"one", "two", "three"} {
						if _, err := d.WriteString(s); err != nil {
							t.Errorf("Write: %v", err)
						}
						if i%2 == 0 {
							if err := d.Flush(); err != nil {
								t.Errorf("Flush: %v", err)
							}
						}
					}
					if err := d.End(); err != nil {
						t.Errorf("End: %v", err)
					}
				}()
				for _, want := range []string{"onetwothree", "plain"} {
					resp, err := http.ReadResponse(in, nil)
					if err != nil {
						t.Fatal(err)
					}
					if b, err := io.ReadAll(resp.Body); err != nil || string(b) != want {
						t.Fatalf("round %d: %q, %v; want %q", i, b, err, want)
					}
				}
				wg.Wait()
				if _, err := d.WriteString("late"); !errors.Is(err, conn.ErrEnded) {
					t.Errorf("Write after End: %v", err)
				}
			}
		})
	}
}

func TestDetachedSeesThePeerGo(t *testing.T) {
	addr, answers, _ := detachedServer(t, engine.Options{})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "GET /d HTTP/1.1\r\nHost: a\r\n\r\n")
	d := <-answers
	ctx := d.Context()
	_ = c.(*net.TCPConn).SetLinger(0)
	c.Close()
	select {
	case <-ctx.Done():
	case <-time.After(patience):
		t.Fatal("the context goes on after a reset")
	}
	if _, err := d.WriteString("x"); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("Write: %v", err)
	}
}

// TestDetachedBacklog: what a peer doesn't read is bounded, and ends by the write
// timeout. A Detached may say that it is too early although there is room still,
// when the loop has only not come to it: so it goes on writing.
func TestDetachedBacklog(t *testing.T) {
	for name, limit := range map[string]time.Duration{"unlimited": -1, "limited": time.Second} {
		t.Run(name, func(t *testing.T) {
			addr, answers, srv := detachedServer(t, engine.Options{Timeouts: engine.TimeoutOptions{Write: limit}})
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			fmt.Fprintf(c, "GET /d HTTP/1.1\r\nHost: a\r\n\r\n")
			d := <-answers
			piece := make([]byte, 16<<10)
			early := false
			if !within(patience, func() bool {
				_, err := d.Write(piece)
				for ; err == nil; _, err = d.Write(piece) {
					_ = d.Flush()
				}
				early = early || errors.Is(err, engine.ErrBacklog)
				return err != nil && !errors.Is(err, engine.ErrBacklog) || limit < 0 && early
			}) {
				t.Fatal("the connection goes on although its peer doesn't read")
			}
			if limit < 0 {
				_ = srv.Close()
				return
			}
			select {
			case <-d.Context().Done():
			case <-time.After(patience):
				t.Fatal("the context goes on")
			}
			if !within(patience, func() bool { return srv.Stats().Closed[conn.ReasonWriteTimeout] == 1 }) {
				t.Errorf("closed by reason %v", srv.Stats().Closed)
			}
		})
	}
}

func TestDetachedEndsWithTheServer(t *testing.T) {
	addr, answers, srv := detachedServer(t, engine.Options{})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /d HTTP/1.1\r\nHost: a\r\n\r\n")
	d := <-answers
	if err := d.Flush(); err != nil {
		t.Fatal(err)
	}
	_ = srv.Close()
	if _, err := io.ReadAll(c); err != nil {
		t.Logf("the peer reads %v", err)
	}
	if err := d.End(); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("End: %v", err)
	}
}

func TestDetachThenPanic(t *testing.T) {
	addr, answers, _ := detachedServer(t, engine.Options{})
	resp, err := http.Get("http://" + addr + "/panic")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 500 {
		t.Errorf("status %d", resp.StatusCode)
	}
	if err := (<-answers).End(); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("End: %v", err)
	}
}
