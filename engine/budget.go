package engine

import (
	"errors"
	"sync/atomic"
)

// ErrMemory is returned by ReadAll when the engine's memory budget is used up:
// answer with status 503.
var ErrMemory = errors.New("engine: the memory budget is used up")

// budget is one bound on the bytes that all connections of a server buffer:
// heads that are not complete, unread and gathered bodies, unsent output.
//
// A connection is charged when it is left alone, not while somebody is at work
// on it: an ordinary request is served without a change of any shared word.
//
// From tightAt on, the connections that hold more than the average of those that
// hold anything are not read from; when nothing is left, none is, and no
// connection is accepted. What is held falls as output leaves, handlers read and
// timeouts pass.
type budget struct {
	limit   int64 // 0: none
	tightAt int64
	used    atomic.Int64
	holders atomic.Int64 // connections that are charged for anything
	pauses  atomic.Int64 // times that a connection was not read from
}

func (b *budget) init(limit int64) {
	b.limit = max(limit, 0)
	b.tightAt = b.limit - b.limit/8
}

// charge has a connection that was charged for old bytes be charged for now.
func (b *budget) charge(old *int64, now int64) {
	if *old == now {
		return
	}
	b.used.Add(now - *old)
	switch {
	case *old == 0:
		b.holders.Add(1)
	case now == 0:
		b.holders.Add(-1)
	}
	*old = now
}

// tight tells whether a connection that holds n bytes is not to be read from.
func (b *budget) tight(n int64) bool {
	used := b.used.Load()
	switch {
	case b.limit == 0 || used < b.tightAt:
		return false
	case used >= b.limit:
		return true
	}
	return n > used/max(b.holders.Load(), 1)
}

// near tells whether the end is.
func (b *budget) near() bool { return b.limit > 0 && b.used.Load() >= b.tightAt }

// spent tells whether nothing is left.
func (b *budget) spent() bool { return b.limit > 0 && b.used.Load() >= b.limit }
