package load

import (
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/procfs"
)

// meter looks at a server and at the machine before and after a run.
type meter struct {
	process *fleet.Process
	server  procfs.CPU
	machine time.Duration
	heap    *heap
	start   time.Time
}

func startMeter(p *fleet.Process) (m *meter, err error) {
	m = &meter{process: p}
	if m.heap, err = readHeap(p); err != nil {
		return nil, err
	}
	if m.server, err = procfs.TreeCPU(p.Pid); err != nil {
		return nil, err
	}
	m.machine, err = procfs.MachineCPU()
	m.start = time.Now()
	return m, err
}

// stop reads what was used since the start. client is the CPU time of the load itself, which is not noise; took is how
// long the load counted requests, or 0 for the whole time.
func (m *meter) stop(requests int64, took, client time.Duration) (*Throughput, error) {
	elapsed := time.Since(m.start)
	if err := m.process.Exited(); err != nil {
		return nil, err
	}
	server, err := procfs.TreeCPU(m.process.Pid)
	if err != nil {
		return nil, err
	}
	machine, err := procfs.MachineCPU()
	if err != nil {
		return nil, err
	}
	rss, err := procfs.TreeRSSBytes(m.process.Pid)
	if err != nil {
		return nil, err
	}
	allocations, err := m.heap.since(m.process, requests)
	if err != nil {
		return nil, err
	}
	if took == 0 {
		took = elapsed
	}
	used := server.Minus(m.server)
	each := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(requests) }
	return &Throughput{
		Requests:               requests,
		Seconds:                took.Seconds(),
		ServerCPUSeconds:       used.Total().Seconds(),
		ClientCPUSeconds:       client.Seconds(),
		CPUMicrosPerRequest:    each(used.Total()),
		UserMicrosPerRequest:   each(used.User),
		SystemMicrosPerRequest: each(used.System),
		RequestsPerSecond:      float64(requests) / took.Seconds(),
		RSSBytes:               rss,
		AllocationsPerRequest:  allocations,
		ForeignCPUs:            max(0, (machine-m.machine-used.Total()-client).Seconds()/elapsed.Seconds()),
	}, nil
}
