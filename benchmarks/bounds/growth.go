package main

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/procfs"
)

// settleTime lets the server finish what the last request started.
const settleTime = 200 * time.Millisecond

// growth watches the resident memory of a server.
type growth struct {
	pid    int
	before int64
}

// watchGrowth begins from a server without garbage.
func (b *bench) watchGrowth() (*growth, error) {
	answer, err := http.Get("http://" + b.process.Addr + "/collect")
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if err != nil {
		return nil, err
	}
	time.Sleep(settleTime)
	g := &growth{pid: b.process.Pid}
	if err := procfs.ResetPeak(g.pid); err != nil {
		return nil, fmt.Errorf("the kernel keeps no peak of memory: %w", err)
	}
	g.before, err = procfs.TreeRSSBytes(g.pid)
	return g, err
}

// finding tells how much memory the server has had since, at its peak.
func (g *growth) finding(what string, allowed int64) (finding, error) {
	peak, err := procfs.PeakRSSBytes(g.pid)
	if err != nil {
		return finding{}, err
	}
	// The exact figure of now may be above the peak, which lags.
	now, err := procfs.TreeRSSBytes(g.pid)
	if err != nil {
		return finding{}, err
	}
	grown := max(peak, now) - g.before
	return finding{
		what:     what + ": growth of memory",
		measured: fmt.Sprintf("%.1f MiB", float64(grown)/mebibyte),
		allowed:  fmt.Sprintf("< %d MiB", allowed/mebibyte),
		holds:    grown < allowed,
	}, nil
}
