package engine_test

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestBodyViewsStay: content that a handler holds a view of stays what it is
// while the handler waits for the peer to read, however many other connections
// receive meanwhile. Otherwise the peer would be sent what is another's.
func TestBodyViewsStay(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		for _, way := range []string{"/whole", "/stream"} {
			t.Run(way[1:], func(t *testing.T) { bodyViewsStay(t, o, way) })
		}
	})
}

func bodyViewsStay(t *testing.T, o engine.Options, way string) {
	const whole, streamed = 12_000, 3 << 20
	waits := make(chan struct{}, 1)
	f := serveOn(t, listenNarrow(t), o, func(w *engine.Response, r *engine.Request) {
		switch string(r.Path()) {
		case "/whole":
			b, err := r.ReadAll()
			if err != nil || len(b) != whole {
				t.Errorf("ReadAll: %d bytes, %v", len(b), err)
			}
			waits <- struct{}{}
			_, _ = w.Write(make([]byte, streamed))
			_, _ = w.Write(b)
		case "/stream":
			waits <- struct{}{}
			_, _ = io.Copy(w, r.Body())
		default:
			b, _ := r.ReadAll()
			_, _ = w.Write(b)
		}
	})
	c := f.dial()
	length := streamed
	if way == "/whole" {
		length = whole
	}
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Add(1)
	go func() {
		defer sending.Done()
		_, _ = io.WriteString(c, post(way, length))
		time.Sleep(20 * time.Millisecond) // the head comes alone
		_, _ = c.Write(bytes.Repeat([]byte("m"), length))
	}()
	<-waits
	time.Sleep(100 * time.Millisecond) // the handler waits for us
	for _, err := range each(8, 8, func(int) error {
		other := f.dial()
		defer other.Close()
		for _, n := range []int{whole, 15_000, 60_000, 200_000} {
			_, _ = io.WriteString(other, post("/", n))
			time.Sleep(time.Millisecond)
			_, _ = other.Write(bytes.Repeat([]byte("x"), n))
			if a := other.answer(); len(a.body) != n {
				t.Errorf("%d bytes of %d, %v", len(a.body), n, a.err)
			}
		}
		return nil
	}) {
		t.Error(err)
	}
	a := c.answer()
	if a.err != nil || bytes.IndexByte([]byte(a.body), 'x') >= 0 || bytes.Count([]byte(a.body), []byte("m")) != length {
		t.Errorf("%d bytes, of these %d ours and %d another's, %v", len(a.body),
			bytes.Count([]byte(a.body), []byte("m")), bytes.Count([]byte(a.body), []byte("x")), a.err)
	}
}
