package load

import (
	"bufio"
	"context"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
)

// Two is a load that compares one way to use a server with another, in the same process.
type Two struct {
	First, Second measurer
	// BesideIdle opens the settings' idle connections before the second.
	BesideIdle bool
}

// measurer is a load with a throughput.
type measurer interface {
	measure(ctx context.Context, p *fleet.Process, s Settings) (*Throughput, error)
	connections() int
}

// Measure implements Load.
func (l Two) Measure(ctx context.Context, p *fleet.Process, s Settings) (Sample, error) {
	idle := 0
	if l.BesideIdle {
		idle = s.IdleConnections
	}
	if err := checkFileLimit(l.Second.connections() + idle); err != nil {
		return Sample{}, err
	}
	first, err := l.First.measure(ctx, p, s)
	if err != nil {
		return Sample{}, err
	}
	clients := clients{process: p, in: bufio.NewReader(nil)}
	defer clients.close()
	if err := clients.openMore(ctx, idle); err != nil {
		return Sample{}, err
	}
	second, err := l.Second.measure(ctx, p, s)
	if err != nil {
		return Sample{}, err
	}
	if err := clients.verifyLive(); err != nil {
		return Sample{}, err
	}
	return Sample{Pair: &Pair{*first, *second}}, nil
}
