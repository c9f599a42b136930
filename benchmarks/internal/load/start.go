package load

import (
	"context"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/procfs"
)

// Start is no load: what it measures has happened.
type Start struct{}

// Measure implements Load.
func (Start) Measure(_ context.Context, p *fleet.Process, _ Settings) (Sample, error) {
	rss, err := procfs.TreeRSSBytes(p.Pid)
	return Sample{Startup: &Startup{float64(p.FirstAnswer) / float64(time.Millisecond), rss}}, err
}
