package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// TestHijackedHasItsPlace: in Stats, in the limits and for hooks, while the
// handler goes on and afterwards.
func TestHijackedHasItsPlace(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		var mu sync.Mutex
		var told []string
		tell := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, fmt.Sprintf(format, args...))
		}
		o.Hooks.RequestDone = func(r engine.RequestRecord) { tell("%s %d", r.Target, r.Status) }
		o.Hooks.Closed = func(_ engine.ConnInfo, e engine.ConnEnd) { tell("%v", e.Reason) }
		o.Limits.ClientConnections = 1
		goOn, returned := make(chan struct{}), make(chan struct{})
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/" {
				return
			}
			if string(r.Path()) == "/switch" {
				_ = errors.Join(w.SetStatus(101), w.SetHeader("Upgrade", "x"))
			}
			c := takes(t, w)
			go echo(c)
			<-goOn
			returned <- struct{}{}
		})
		for _, target := range []string{"/switch", "/raw"} {
			c := f.dial()
			c.send("GET %s HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", target)
			if target == "/switch" {
				if _, err := readResponse(c); err != nil {
					t.Fatal(err)
				}
			}
			c.echoes("x")
			if s := f.Stats(); s.States != [engine.NumStates]int64{engine.StateHijacked: 1} {
				t.Errorf("states %v", s.States)
			}
			goOn <- struct{}{}
			<-returned
			c.echoes("y")
			other := f.dial()
			other.get("/")
			if a := other.answer(); a.StatusCode != 503 {
				t.Errorf("beside a hijacked connection: %s", a.Status)
			}
			_ = other.Close()
			_ = c.Close()
			if !within(patience, func() bool { s := f.Stats(); return s.Open+s.States[engine.StateHijacked] == 0 }) {
				t.Errorf("%+v", f.Stats())
			}
		}
		c := f.dial()
		c.get("/")
		c.wants(200, "")
		mu.Lock()
		defer mu.Unlock()
		var of []string // those that were not refused
		for _, s := range told {
			if s != conn.ReasonRefused.String() {
				of = append(of, s)
			}
		}
		if got := strings.Join(of, ", "); got != "/switch 101, hijacked, /raw 0, hijacked, / 200" {
			t.Errorf("told %s", got)
		}
	})
}

// TestHijackedForgotten: one that nobody closes and nobody holds is closed when
// that is found out.
func TestHijackedForgotten(t *testing.T) {
	f := serve(t, engine.Options{}, func(w *engine.Response, _ *engine.Request) { takes(t, w) })
	c := f.dial()
	c.get("/")
	f.booksAgree(0)
	if !within(patience, func() bool {
		runtime.GC()
		return f.Stats().Accepted == 1 && f.Stats().States[engine.StateHijacked] == 0
	}) {
		t.Errorf("%+v", f.Stats())
	}
	c.ended()
}

func TestShutdownLeavesHijacked(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			c := takes(t, w)
			if string(r.Path()) == "/here" {
				echo(c)
				return
			}
			go echo(c)
		})
		here, there := f.dial(), f.dial()
		here.get("/here")
		there.get("/there")
		here.echoes("a")
		there.echoes("b")
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := f.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
		if s := f.Stats(); s.States[engine.StateHijacked] != 2 || s.Open != 0 {
			t.Errorf("after Shutdown: %+v", s)
		}
		here.echoes("still")
		there.echoes("open")
		_ = here.Close()
		_ = there.Close()
		f.hijacked(0, 2)
	})
}

func TestShutdownWaitsForHijacked(t *testing.T) {
	o := engine.Options{}
	o.Close.WaitHijacked = true
	f := serve(t, o, func(w *engine.Response, _ *engine.Request) { go echo(takes(t, w)) })
	c := f.dial()
	c.get("/")
	c.echoes("a")
	ended := make(chan error, 1)
	go func() { ended <- f.Shutdown(context.Background()) }()
	select {
	case err := <-ended:
		t.Fatalf("Shutdown: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	c.echoes("b")
	_ = c.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
