package main

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestWhoDoesNotReadIsDropped: without holding up the others.
func TestWhoDoesNotReadIsDropped(t *testing.T) {
	long := make([]byte, 1<<16)
	for i := range long {
		long[i] = 'a'
	}
	a := &app{clock: newBroadcast(func(dst []byte, id int64, now time.Time) []byte {
		dst = append(append(append(dst, "event: long\ndata: "...), long...), "\n\n"...)
		return clockEvent(dst, id, now)
	})}
	a.server = engine.New(engine.HandlerFunc(a.route), engine.Options{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served, told := make(chan error, 1), make(chan struct{})
	go func() { served <- a.server.Serve(ln) }()
	ctx, end := context.WithCancel(context.Background())
	go func() { defer close(told); a.clock.run(ctx, time.Millisecond) }()

	stuck, err := subscribe(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	for limit := time.Now().Add(patience); a.clock.dropped.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("after %d events it is not dropped", a.clock.sent.Load())
		}
	}
	if n := a.clock.open.Load(); n != 0 {
		t.Errorf("%d subscribers", n)
	}
	end()
	<-told
	if a.clock.join(nil) {
		t.Error("one more could join")
	}
	// Who comes too late gets an empty stream, and will come again.
	late, err := subscribe(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	if err := late.toEnd(); err != nil || late.last != 0 {
		t.Errorf("too late: event %d, %v", late.last, err)
	}
	_ = a.server.Close()
	if err := <-served; !errors.Is(err, engine.ErrServerClosed) {
		t.Error(err)
	}
}
