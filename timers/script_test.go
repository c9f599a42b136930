package timers

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

const scriptNodes = 48

// runScript does what data says, four bytes a step, to a wheel and its model,
// and compares them after each step. FuzzWheel's corpus is made of such scripts.
func runScript(t testing.TB, data []byte) {
	t.Helper()
	start := time.Duration(0)
	if len(data) > 1 {
		start = span(data[0]&0x7f, data[1])
		data = data[2:]
	}
	p := newPair(scriptNodes, max(0, start))
	p.check(t)
	for ; len(data) >= 4; data = data[4:] {
		p.step(t, data[0], int(data[1])%scriptNodes, span(data[2], data[3]))
		p.check(t)
	}
	p.drain(t)
}

// span makes a time difference of two bytes such that the borders of all levels
// and of a tick are likely.
func span(level, digits byte) time.Duration {
	d := time.Duration(digits&slotMask) * Tick << (slotBits * (level % levels))
	if level%levels == levels-1 {
		d = time.Duration(digits&1) * Tick << (slotBits * (levels - 1))
	}
	d += [...]time.Duration{0, 1, -1, Tick / 2}[digits>>slotBits]
	if level&0x80 != 0 {
		return -d
	}
	return d
}

// add saturates: the horizon is a place to test, not to overflow.
func add(at, d time.Duration) time.Duration {
	if d > 0 && at > math.MaxInt64-d {
		return math.MaxInt64
	}
	return at + d
}

func (p *pair) step(t testing.TB, op byte, id int, d time.Duration) {
	t.Helper()
	switch op % 10 {
	case 0, 1, 2, 3:
		p.schedule(id, add(p.now, d))
	case 4:
		p.cancel(id)
	case 5: // one node at most, so that what follows meets a half-finished round
		p.now = max(p.now, add(p.now, d))
		p.expire(t, p.now)
	case 6:
		p.now = max(p.now, add(p.now, d))
		p.round(t)
	case 7:
		if wake, ok := p.wheel.NextWake(); ok {
			p.now = max(p.now, wake)
			p.round(t)
		}
	case 8: // a round in which every node is re-armed and another one cancelled
		p.now = max(p.now, add(p.now, max(d, 0)))
		for {
			fired, ok := p.expire(t, p.now)
			if !ok {
				break
			}
			p.cancel(id)
			p.schedule(fired, add(p.now, max(d, 2*Tick)))
			p.check(t)
			if p.now == math.MaxInt64 {
				p.cancel(fired)
			}
		}
	case 9: // a clock that goes back changes nothing
		p.expire(t, p.now-max(d, -d))
	}
}

// drain follows NextWake to the end, and counts the wake-ups.
func (p *pair) drain(t testing.TB) {
	t.Helper()
	nodes, idle := p.wheel.Len(), 0
	for {
		wake, ok := p.wheel.NextWake()
		if !ok {
			break
		}
		p.now = max(p.now, wake)
		fired := p.fired
		p.round(t)
		p.check(t)
		if p.now == math.MaxInt64 {
			// What is left is in the last tick, which means never.
			for id := range p.nodes {
				p.cancel(id)
			}
		}
		if p.fired == fired {
			idle++
		}
	}
	if idle > nodes*levels+1 {
		t.Fatalf("%d wake-ups for nothing, with %d nodes", idle, nodes)
	}
	p.check(t)
}

func TestWheelAgainstModel(t *testing.T) {
	scripts := 2000
	if testing.Short() {
		scripts = 200
	}
	for seed := range uint64(scripts) {
		r := rand.New(rand.NewPCG(seed, 1))
		data := make([]byte, 2+4*r.IntN(120))
		top := 1 + r.IntN(levels) // most scripts stay near, where nodes meet
		for i := range data {
			data[i] = byte(r.Uint32())
			if i%4 == 0 || i == 0 { // after the start's two bytes, this is a level
				data[i] = data[i]&0x80 | data[i]&0x7f%byte(top)
				if r.IntN(4) > 0 {
					data[i] &= 0x7f
				}
			}
		}
		ok := t.Run("", func(t *testing.T) { runScript(t, data) })
		if !ok {
			t.Fatalf("seed %d, script %x", seed, data)
		}
	}
}

func FuzzWheel(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 2+4*400 {
			t.Skip("long scripts find nothing that short ones do not")
		}
		runScript(t, data)
	})
}
