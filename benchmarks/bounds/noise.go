package main

import (
	"fmt"
	"syscall"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/procfs"
)

// noisyCPUs of foreign work make rates and latencies worthless, in either direction: a server that is never idle does not
// wait for a busy CPU to be woken up on, so that what should disturb it may even help.
const noisyCPUs = 0.1

// noise tells how much of the machine was used by programs that have nothing to do with the check.
type noise struct {
	pid    int
	start  time.Time
	before time.Duration
}

func listen(pid int) (*noise, error) {
	before, err := foreignCPU(pid)
	return &noise{pid, time.Now(), before}, err
}

func (n *noise) finding() (finding, error) {
	after, err := foreignCPU(n.pid)
	foreign := max(0, (after-n.before).Seconds()/time.Since(n.start).Seconds())
	f := finding{what: "noise: work of other programs", measured: fmt.Sprintf("%.2f CPUs", foreign)}
	if foreign > noisyCPUs {
		f.measured += ", **too much** for rates and latencies"
	}
	return f, err
}

// foreignCPU returns the CPU time of the machine less that of the server, of this process and of its children that have
// ended, of which the server is none.
func foreignCPU(pid int) (time.Duration, error) {
	machine, err := procfs.MachineCPU()
	if err != nil {
		return 0, err
	}
	server, err := procfs.TreeCPU(pid)
	if err != nil {
		return 0, err
	}
	foreign := machine - server.Total()
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var usage syscall.Rusage
		if err := syscall.Getrusage(who, &usage); err != nil {
			return 0, err
		}
		foreign -= time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	return foreign, nil
}
