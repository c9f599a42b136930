package load

import (
	"context"
	"fmt"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
)

// Kept is a load of GETs by the harness itself, on connections that are all open before anything is measured. wrk opens
// its own while it counts, and with thousands of them that is most of what a short run costs.
type Kept struct{ Connections int }

func (l Kept) connections() int { return l.Connections }

func (l Kept) measure(ctx context.Context, p *fleet.Process, s Settings) (*Throughput, error) {
	if err := verifyAnswers(ctx, p, []byte(smallGet), 1, Answer{}); err != nil {
		return nil, err
	}
	sessions := make([]session, l.Connections)
	defer func() {
		for i := range sessions {
			sessions[i].close()
		}
	}()
	for i := range sessions {
		if err := sessions[i].open(ctx, p.Addr, uint64(i)); err != nil {
			return nil, fmt.Errorf("connection %d of %d: %w", i+1, l.Connections, err)
		}
	}
	o := &own{clients: l.Connections}
	o.work = func(ctx context.Context, client int, end time.Time) error {
		c := &sessions[client]
		c.took[0] = c.took[0][:0]
		c.run(ctx, &Mix{}, end)
		o.done.Add(int64(len(c.took[0])))
		return c.err
	}
	t, err := o.measure(ctx, p, s, 1)
	if err != nil {
		return nil, err
	}
	var all []time.Duration
	for i := range sessions {
		all = append(all, sessions[i].took[0]...)
	}
	latency := distribution(all)
	t.P50Micros, t.P99Micros, t.P999Micros = latency.P50Micros, latency.P99Micros, latency.P999Micros
	return t, nil
}
