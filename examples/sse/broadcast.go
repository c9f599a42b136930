package main

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// broadcast sends events to subscribers, each of which is the detached answer
// to a request. One goroutine, run's, writes to all of them: it never waits for
// a peer.
type broadcast struct {
	// format appends event number id as the stream has it, with the empty line
	// that ends it.
	format func(dst []byte, id int64, now time.Time) []byte

	mu     sync.Mutex
	joined []*engine.Detached // since the last event
	over   bool

	subscribers []*engine.Detached // run's
	event       []byte             // run's

	sent    atomic.Int64 // events
	open    atomic.Int64 // subscribers
	dropped atomic.Int64 // subscribers that had gone or were too slow
}

func newBroadcast(format func([]byte, int64, time.Time) []byte) *broadcast {
	return &broadcast{format: format}
}

// join makes d a subscriber from the next event on. It reports false if there
// will be none.
func (b *broadcast) join(d *engine.Detached) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over {
		return false
	}
	b.joined = append(b.joined, d)
	b.open.Add(1)
	return true
}

// run sends an event at each tick until ctx ends. Then it ends all streams.
func (b *broadcast) run(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			b.welcome(false)
			b.tell(now)
		case <-ctx.Done():
			b.welcome(true)
			for _, d := range b.subscribers {
				_ = d.End() // an error means that the peer went first
			}
			b.open.Store(0)
			b.subscribers = nil
			return
		}
	}
}

// welcome takes over those who have joined, for the last time if over. The lock
// is not held while writing, which waits for the handlers of some to return.
func (b *broadcast) welcome(over bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subscribers = append(b.subscribers, b.joined...)
	clear(b.joined)
	b.joined = b.joined[:0]
	if cap(b.joined) > 1024 {
		b.joined = nil
	}
	b.over = over
}

// tell sends the next event to all, and drops those who can't be told.
func (b *broadcast) tell(now time.Time) {
	id := b.sent.Add(1)
	b.event = b.format(b.event[:0], id, now)
	kept := b.subscribers[:0]
	for _, d := range b.subscribers {
		_, err := d.Write(b.event)
		if err == nil {
			err = d.Flush()
		}
		if err != nil { // too much is unsent, or the connection has ended
			d.Abort()
			b.dropped.Add(1)
			b.open.Add(-1)
			continue
		}
		kept = append(kept, d)
	}
	clear(b.subscribers[len(kept):])
	b.subscribers = kept
}

// clockEvent has the time as its data.
func clockEvent(dst []byte, id int64, now time.Time) []byte {
	dst = append(dst, "id: "...)
	dst = strconv.AppendInt(dst, id, 10)
	dst = append(dst, "\ndata: "...)
	dst = now.AppendFormat(dst, time.RFC3339Nano)
	return append(dst, "\n\n"...)
}
