package engine

import "sync"

// workerReceiveBytes is what one read takes at most of whoever holds the buffer
// only while it reads. It is what makes uploads cheap.
const workerReceiveBytes = 64 << 10

// bufferPool keeps buffers of one size.
type bufferPool struct {
	size  int
	debug bool      // Options.Debug: what is given is poisoned
	full  sync.Pool // *[]byte
	empty sync.Pool // *[]byte without their bytes, so that give needs no memory
}

func (p *bufferPool) take() []byte {
	if h, _ := p.full.Get().(*[]byte); h != nil {
		b := *h
		*h = nil
		p.empty.Put(h)
		return b
	}
	return make([]byte, p.size)
}

func (p *bufferPool) give(b []byte) {
	if p.debug {
		poison(b)
	}
	h, _ := p.empty.Get().(*[]byte)
	if h == nil {
		h = new([]byte)
	}
	*h = b
	p.full.Put(h)
}
