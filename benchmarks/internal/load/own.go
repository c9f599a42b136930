package load

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
)

// own is a load by the harness itself, on wrk's CPU: for what wrk cannot do.
type own struct {
	clients int
	// work is what one client does over and over until the end; it counts in done what it has achieved.
	work func(ctx context.Context, client int, end time.Time) error
	// done counts what was done by all.
	done atomic.Int64
}

// run lets all clients work for the duration, and returns how long they took and what CPU time the harness used.
func (o *own) run(ctx context.Context, d time.Duration) (took, cpu time.Duration, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	before, start := harnessCPU(), time.Now()
	end := start.Add(d)
	var running sync.WaitGroup
	for client := range o.clients {
		running.Go(func() {
			if err := o.work(ctx, client, end); err != nil {
				cancel(fmt.Errorf("client %d: %w", client, err))
			}
		})
	}
	running.Wait()
	return time.Since(start), harnessCPU() - before, context.Cause(ctx)
}

// measure warms up, runs, and returns what a request costs, unit of what is counted in done making one.
func (o *own) measure(ctx context.Context, p *fleet.Process, s Settings, unit int64) (*Throughput, error) {
	unpin, err := Pin(s.ClientCPU)
	if err != nil {
		return nil, err
	}
	defer unpin()
	if s.WarmUp > 0 {
		if _, _, err := o.run(ctx, s.WarmUp); err != nil {
			return nil, fmt.Errorf("warm-up: %w", err)
		}
	}
	var m *meter
	var took, cpu time.Duration
	var done int64
	for d := s.Duration; done == 0; d *= 2 { // a busy machine may need longer, as wrk does
		o.done.Store(0)
		if m, err = startMeter(p); err != nil {
			return nil, err
		}
		if took, cpu, err = o.run(ctx, d); err != nil {
			return nil, err
		}
		if done = o.done.Load(); done == 0 && d > answerLimit {
			return nil, errNothing
		}
	}
	t, err := m.stop(max(1, done/unit), took, cpu)
	if err != nil || unit == 1 {
		return t, err
	}
	// A few requests are under way at either end: bytes are counted rather than whole requests.
	requests := float64(done) / float64(unit)
	t.CPUMicrosPerRequest = t.ServerCPUSeconds * 1e6 / requests
	scale := float64(t.Requests) / requests
	t.UserMicrosPerRequest *= scale
	t.SystemMicrosPerRequest *= scale
	t.RequestsPerSecond = requests / took.Seconds()
	t.BytesPerSecond = float64(done) / took.Seconds()
	return t, nil
}

// harnessCPU returns the CPU time that this process has used.
func harnessCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
