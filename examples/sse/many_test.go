package main

import (
	"sync"
	"syscall"
	"testing"
	"time"
)

// perSubscriber is what one may cost in resident memory, in bytes.
const perSubscriber = 2 << 10

// TestMany: every subscriber gets every event, and costs little. With -full
// there are 10,000 for a minute.
func TestMany(t *testing.T) {
	const few = 200
	count, events, flags := few, int64(3), "-interval 50ms"
	if *full {
		count, events, flags = 10_000, 60, "-interval 1s"
	}
	c := start(t, flags)
	before := c.memory()

	streams := make([]*stream, count)
	for i := range streams {
		var err error
		if streams[i], err = subscribe(c.addr); err != nil {
			t.Fatalf("subscriber %d: %v", i, err)
		}
		defer streams[i].Close()
	}
	c.reaches("all have subscribed", patience, func(s statistics) bool { return s.Subscribers == int64(count) })
	joined := c.stats().Events
	limit := patience + time.Duration(events)*time.Second
	errs := make([]error, count)
	var readers sync.WaitGroup
	for i, s := range streams {
		readers.Add(1)
		go func() {
			defer readers.Done()
			_ = s.SetReadDeadline(time.Now().Add(limit + patience))
			errs[i] = s.toEnd()
			_ = s.Close()
		}()
	}
	c.reaches("enough events", limit, func(s statistics) bool { return s.Events >= joined+events })
	st := c.stats()
	during := c.memory()
	client.CloseIdleConnections()
	c.ends(syscall.SIGTERM, readers.Wait)

	for i, s := range streams {
		switch {
		case errs[i] != nil:
			t.Fatalf("subscriber %d, after events %d to %d: %v", i, s.first, s.last, errs[i])
		case s.last != streams[0].last || s.last < joined+events:
			t.Fatalf("subscriber %d got events until %d, the first one until %d; %d were sent", i, s.last, streams[0].last, st.Events)
		case s.first > joined+1:
			t.Fatalf("subscriber %d got no event before %d", i, s.first)
		}
	}
	each := (during.Resident - before.Resident) / count
	t.Logf("%d subscribers, %d events to each after the last had come; dropped %d; resident %d KB before, %d KB with them: %d bytes each; live heap %d bytes each; before the collection: %d KB",
		count, streams[0].last-joined, st.Dropped, before.Resident>>10, during.Resident>>10, each, (during.Heap-before.Heap)/count, during.Before>>10)
	if st.Dropped > 0 || st.Subscribers != int64(count) {
		t.Errorf("%+v", st)
	}
	if *full && each > perSubscriber {
		t.Errorf("%d bytes for each subscriber, more than %d", each, perSubscriber)
	}
}
