package engine_test

import (
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/memory"
)

// TestStreamPausedLent: a buffer that a part of the next request lies in is not given
// to others when its connection has to wait for memory.
func TestStreamPausedLent(t *testing.T) {
	const memoryBytes = 128 << 10
	var o engine.Options
	o.Debug = true // what is given back is poisoned
	o.Limits.MemoryBytes, o.Limits.OutputBytes = memoryBytes, 1<<20
	entered, leave := make(chan struct{}), make(chan struct{})
	ln := memory.Listen()
	f := serveOn(t, ln, o, func(w *engine.Response, r *engine.Request) {
		switch string(r.Path()) {
		case "/first":
			close(entered)
			<-leave
		case "/hoard":
			d := w.Detach()
			go func() { _, _ = d.Write(make([]byte, 4*memoryBytes)) }()
			return
		}
		_, _ = w.Write(r.Path())
	})
	var clients [2]*client
	for i := range clients {
		nc, err := ln.Dial()
		if err != nil {
			t.Fatal(err)
		}
		clients[i] = clientOf(t, nc)
	}
	c, hoarder := clients[0], clients[1]
	c.send("%s", post("/post", 4)) // whose body is received when it has been answered
	c.wants(200, "/post")
	time.Sleep(50 * time.Millisecond)
	c.send("bodyGET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHo")
	<-entered
	hoarder.get("/hoard") // and it does not read
	if !within(patience, func() bool { return f.Stats().Buffered >= memoryBytes }) {
		t.Fatalf("the memory is not used up: %+v", f.Stats())
	}
	before := f.Stats().Pauses
	close(leave)
	c.wants(200, "/first")
	if !within(patience, func() bool { return f.Stats().Pauses > before }) {
		t.Fatalf("it does not wait for memory: %+v", f.Stats())
	}
	_ = hoarder.Close()
	c.send("st: a\r\n\r\n")
	c.wants(200, "/second")
}
