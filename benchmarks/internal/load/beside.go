package load

import (
	"context"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
)

// Beside is a load that shows what costly requests do to the latency of the others: the same server is asked first for
// usual ones alone and then for both.
type Beside struct {
	Connections int
	Percent     int
	Costly      Costly
}

// Apart is the outcome of a run of Beside.
type Apart struct {
	Alone  Latency `json:"alone"`
	Beside Latency `json:"beside"`
	Costly Latency `json:"costly"`
	// RequestsPerSecond are those of both kinds together.
	RequestsPerSecond float64 `json:"requests_per_second"`
	RSSBytes          int64   `json:"rss_bytes"`
	// ForeignCPUs is as in Throughput, of both runs.
	ForeignCPUs float64 `json:"foreign_cpus"`
}

// Measure implements Load. The harness takes wrk's place, on wrk's CPU.
func (l Beside) Measure(ctx context.Context, p *fleet.Process, s Settings) (Sample, error) {
	if err := verifyAnswers(ctx, p, []byte(smallGet), 1, Answer{}); err != nil {
		return Sample{}, err
	}
	if err := l.Costly.verify(ctx, p); err != nil {
		return Sample{}, err
	}
	unpin, err := Pin(s.ClientCPU)
	if err != nil {
		return Sample{}, err
	}
	defer unpin()
	usual := Mix{Connections: l.Connections}
	mixed := Mix(l)
	if s.WarmUp > 0 {
		if _, _, err := mixed.Run(ctx, p.Addr, s.WarmUp); err != nil {
			return Sample{}, err
		}
	}
	m, err := startMeter(p)
	if err != nil {
		return Sample{}, err
	}
	client := harnessCPU()
	var a Apart
	if a.Alone, _, err = usual.Run(ctx, p.Addr, s.Duration); err != nil {
		return Sample{}, err
	}
	start := time.Now()
	if a.Beside, a.Costly, err = mixed.Run(ctx, p.Addr, s.Duration); err != nil {
		return Sample{}, err
	}
	a.RequestsPerSecond = float64(a.Beside.Requests+a.Costly.Requests) / time.Since(start).Seconds()
	both, err := m.stop(int64(a.Alone.Requests+a.Beside.Requests+a.Costly.Requests), 0, harnessCPU()-client)
	if err != nil {
		return Sample{}, err
	}
	a.RSSBytes, a.ForeignCPUs = both.RSSBytes, both.ForeignCPUs
	return Sample{Apart: &a}, nil
}
