//go:build linux || darwin || freebsd

package netpoll

import (
	"sync"
	"sync/atomic"
	"time"
)

// watchPause is how often it is looked what has been received and not taken. It
// bounds what netpoll reads beyond the limit: about what its pollers can read in
// that time, in all.
const watchPause = 10 * time.Millisecond

// watch ends connections whose peers send faster than handlers read: netpoll
// reads on while a handler is at work, into memory.
type watch struct {
	most int // bytes, of one connection

	looking atomic.Bool // a goroutine looks

	mu    sync.Mutex
	first *peer
}

func (w *watch) add(p *peer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.next = w.first; p.next != nil {
		p.next.prev = p
	}
	w.first = p
}

func (w *watch) remove(p *peer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case p.prev != nil:
		p.prev.next = p.next
	case w.first == p:
		w.first = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	}
	p.next, p.prev = nil, nil
}

// begin has the goroutine look, after inside was set.
func (w *watch) begin() {
	if !w.looking.Load() && w.looking.CompareAndSwap(false, true) {
		go w.run()
	}
}

// quietLooks is how often nothing was found at work before the goroutine ends.
const quietLooks = 100

func (w *watch) run() {
	for quiet := 0; quiet < quietLooks; quiet++ {
		time.Sleep(watchPause)
		if w.look() {
			quiet = 0
		}
	}
	w.looking.Store(false)
	if w.look() { // it began between the last look and that
		w.begin()
	}
}

// look reports whether any connection is at work.
func (w *watch) look() (working bool) {
	w.mu.Lock()
	var over []*peer
	for p := w.first; p != nil; p = p.next {
		if !p.inside.Load() {
			continue
		}
		working = true
		if p.c.Reader().Len() > w.most {
			over = append(over, p)
		}
	}
	w.mu.Unlock()
	for _, p := range over {
		p.overrun()
	}
	return working
}

// overrun ends it, whoever has it.
func (p *peer) overrun() {
	p.mu.Lock()
	handed := p.handed
	p.mu.Unlock()
	if handed != nil {
		_ = handed.Close()
		return
	}
	p.stream.Overrun()
}
