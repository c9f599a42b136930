package engine_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/memory"
)

// TestStreamKeptIsCharged: what is kept of requests that nobody reads, while their
// answers are stuck, counts for the memory budget, which bounds it.
func TestStreamKeptIsCharged(t *testing.T) {
	const clients, upload, limit = 20, 150 << 10, 1 << 20
	var o engine.Options
	o.Limits.MemoryBytes = limit
	content := make([]byte, 32<<10)
	ln := memory.ListenBuffered(4 << 10)
	f := serveOn(t, ln, o, func(w *engine.Response, _ *engine.Request) {
		for b := content; len(b) > 0; b = b[1<<10:] { // less than it would have to wait for
			_, _ = w.Write(b[:1<<10])
		}
	})
	var all []*client
	for range clients {
		nc, err := ln.Dial()
		if err != nil {
			t.Fatal(err)
		}
		c := clientOf(t, nc)
		all = append(all, c)
		go func() { _, _ = c.Write(append([]byte(post("/", upload)), make([]byte, upload)...)) }()
		if len(all) == 1 {
			if !within(patience, func() bool { return f.Stats().Buffered > upload*3/4 }) {
				t.Errorf("%d bytes are charged for", f.Stats().Buffered)
			}
		}
	}
	time.Sleep(200 * time.Millisecond)
	if n := f.Stats().Buffered; n > limit+clients*80<<10 {
		t.Errorf("%d bytes are charged for", n)
	}
	// All read at once: whose request waits for memory gets its answer when others
	// have read theirs.
	var reading sync.WaitGroup
	for _, c := range all {
		reading.Add(1)
		go func() {
			defer reading.Done()
			if a := c.answer(); a.err != nil || !bytes.Equal([]byte(a.body), content) {
				t.Errorf("%v, %d bytes, %v", a.Response, len(a.body), a.err)
			}
			_ = c.Close()
		}()
	}
	reading.Wait()
	if !within(patience, func() bool { return f.Stats().Buffered == 0 }) {
		t.Errorf("%d bytes stay charged for", f.Stats().Buffered)
	}
}
