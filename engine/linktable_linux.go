package engine

// linkTable holds a loop's links in chunks that never move. A slot is used
// again, the one freed last first; the generation tells its uses apart.
type linkTable struct {
	chunks []*[chunkLinks]link
	unused []uint32
	used   int
}

const chunkLinks = 32

// listenerGen is the generation that no link has: such a token is a listener's.
const listenerGen = ^uint32(0)

func (t *linkTable) len() int { return len(t.chunks) * chunkLinks }

func (t *linkTable) at(slot int) *link { return &t.chunks[slot/chunkLinks][slot%chunkLinks] }

// find returns the link that has the token, nil if it is no longer in use.
func (t *linkTable) find(token uint64) *link {
	slot, gen := int(uint32(token)), uint32(token>>32)
	if slot >= t.len() {
		return nil
	}
	if l := t.at(slot); l.gen == gen && l.fd >= 0 {
		return l
	}
	return nil
}

// take returns an unused link.
func (t *linkTable) take(lp *loop) *link {
	if len(t.unused) == 0 {
		t.grow(lp)
	}
	n := len(t.unused) - 1
	l := t.at(int(t.unused[n]))
	t.unused = t.unused[:n]
	t.used++
	return l
}

func (t *linkTable) grow(lp *loop) {
	first := t.len()
	chunk := new([chunkLinks]link)
	t.chunks = append(t.chunks, chunk)
	for i := chunkLinks - 1; i >= 0; i-- {
		l := &chunk[i]
		l.loop, l.slot, l.fd = lp, uint32(first+i), -1
		l.timer.Owner = l
		t.unused = append(t.unused, l.slot)
	}
}

// free makes l unused. Events that still come for it are not its next user's.
func (t *linkTable) free(l *link) {
	if l.gen++; l.gen == listenerGen {
		l.gen = 0
	}
	l.fd = -1
	l.owner = nil
	l.context.Store(nil)
	l.polled, l.readable, l.ended, l.broken = false, false, false, false
	l.state, l.cut = StateIdle, false
	l.armed.Store(0)
	l.word.Store(0)
	t.unused = append(t.unused, l.slot)
	t.used--
}
