package timers

import (
	"math/rand/v2"
	"testing"
	"time"
)

// connections is the number of idle connections of the engine's measurements.
const connections = 15_000

// owner has about the size of a connection, so that its node has a cache line
// of its own, as in the engine.
type owner struct {
	timer Node[owner]
	_     [160]byte
}

func populated(wheelNow, within time.Duration) (*Wheel[owner], []owner) {
	w := NewWheel[owner](wheelNow)
	r := rand.New(rand.NewPCG(1, 2))
	owners := make([]owner, connections)
	for i := range owners {
		owners[i].timer.Owner = &owners[i]
		w.Schedule(&owners[i].timer, wheelNow+Tick+time.Duration(r.Int64N(int64(within))))
	}
	return w, owners
}

func BenchmarkScheduleCancel(b *testing.B) {
	w, owners := populated(time.Hour, time.Minute)
	n := &owners[0].timer
	w.Cancel(n)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.Schedule(n, time.Hour+time.Duration(i&0xffff)*Tick)
		w.Cancel(n)
	}
}

// BenchmarkReArmOne is a busy connection: its node and neighbours are cached.
func BenchmarkReArmOne(b *testing.B) {
	w, owners := populated(time.Hour, time.Minute)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.Schedule(&owners[0].timer, time.Hour+time.Duration(i&0xffff)*Tick)
	}
}

// BenchmarkReArmAny touches any of 15,000: the memory is what costs.
func BenchmarkReArmAny(b *testing.B) {
	w, owners := populated(time.Hour, time.Minute)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.Schedule(&owners[i*7919%connections].timer, time.Hour+time.Minute+time.Duration(i&0xff)*Tick)
	}
}

// BenchmarkExpire expires 15,000 nodes due within a minute, in one round or
// with a round at each NextWake, with all the cascading. The filling is not in
// the time; the benchmark's own clock is stopped for it.
func BenchmarkExpire(b *testing.B) {
	for _, bc := range []struct {
		name   string
		step   bool
		spread time.Duration
	}{
		{"OneTick", false, 1},
		{"OneRound", false, time.Minute},
		{"EachWake", true, time.Minute},
	} {
		b.Run(bc.name, func(b *testing.B) {
			expired, wakes := 0, 0
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				w, _ := populated(time.Hour, bc.spread)
				b.StartTimer()
				now := time.Hour + bc.spread + 2*Tick
				for w.Len() > 0 {
					if bc.step {
						now, _ = w.NextWake()
					}
					wakes++
					for w.Expire(now) != nil {
						expired++
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(expired), "ns/node")
			b.ReportMetric(float64(wakes)/float64(b.N), "wakes/op")
		})
	}
}

// BenchmarkIdleHour advances over an hour in which nothing is due.
func BenchmarkIdleHour(b *testing.B) {
	w := NewWheel[owner](0)
	var o owner
	w.Schedule(&o.timer, 1<<62)
	now := time.Duration(0)
	for b.Loop() {
		now = (now + time.Hour) % (1 << 61)
		if w.Expire(now) != nil {
			b.Fatal("expired")
		}
	}
}

// BenchmarkBusyWake is what each wake-up of a loop pays when nothing is due.
func BenchmarkBusyWake(b *testing.B) {
	w, _ := populated(time.Hour, time.Minute)
	for b.Loop() {
		if w.Expire(time.Hour) != nil {
			b.Fatal("expired")
		}
		if _, ok := w.NextWake(); !ok {
			b.Fatal("empty")
		}
	}
}
