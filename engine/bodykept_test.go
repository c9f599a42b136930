package engine_test

import (
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// Who keeps a Body and reads it when its handler has returned, as a client does that
// it was given to, gets nothing of what others send.
func TestBodyKeptIsNobodyElses(t *testing.T) {
	if debugged || raceEnabled {
		t.Skip("with Debug it panics, and a race it is")
	}
	for name, o := range map[string]engine.Options{
		"loop":   {Dispatch: engine.DispatchOptions{Mode: engine.ModeInline, Loops: 1}},
		"pooled": {Dispatch: engine.DispatchOptions{Mode: engine.ModePooled, Loops: 1}},
		"net":    {Listen: engine.ListenOptions{Transport: engine.TransportNet}},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var kept []*engine.Body
			f := serve(t, o, func(w *engine.Response, r *engine.Request) {
				mu.Lock()
				defer mu.Unlock()
				if string(r.Path()) == "/keep" {
					_, err := r.Body().Read(make([]byte, 1))
					kept = append(kept, r.Body())
					_, _ = w.WriteString("x")
					if err != nil {
						t.Error(err)
					}
					return
				}
				for _, b := range kept {
					if n, err := b.Read(make([]byte, 100)); n > 0 || !errors.Is(err, conn.ErrEnded) {
						t.Errorf("%d bytes, %v", n, err)
					}
				}
				all, err := r.ReadAll()
				if err != nil {
					t.Error(err)
				}
				_, _ = w.Write(all)
			})
			for range 10 {
				a, b := f.dial(), f.dial()
				a.send("POST /keep HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmine")
				if _, err := io.ReadAll(a); err != nil {
					t.Fatal(err)
				}
				b.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret")
				if all, err := io.ReadAll(b); err != nil || !strings.HasSuffix(string(all), "\r\n\r\nsecret") {
					t.Fatalf("%q, %v", all, err)
				}
			}
		})
	}
}
