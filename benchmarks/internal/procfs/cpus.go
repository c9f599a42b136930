package procfs

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// AllowedCPUs returns the numbers of the CPUs that this process may run on, in their order. In a container or a batch job
// they need not begin with 0.
func AllowedCPUs() ([]int, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil, err
	}
	const key = "Cpus_allowed_list:"
	for line := range strings.Lines(string(text)) {
		if list, ok := strings.CutPrefix(line, key); ok {
			return parseCPUs(strings.TrimSpace(list))
		}
	}
	return nil, fmt.Errorf("procfs: no %s", key)
}

// parseCPUs reads a list such as "0-2,5".
func parseCPUs(list string) (cpus []int, err error) {
	for part := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil, fmt.Errorf("procfs: CPUs %q: %w", list, err)
		}
		to, err := strconv.Atoi(last)
		if err != nil {
			return nil, fmt.Errorf("procfs: CPUs %q: %w", list, err)
		}
		for cpu := from; cpu <= to; cpu++ {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

// TwoCPUs returns a CPU for the servers and another for their clients: the first two of the allowed ones. Where there is
// only one, the second is one that does not exist.
func TwoCPUs() (server, client int) {
	cpus, err := AllowedCPUs()
	switch {
	case err != nil || len(cpus) == 0:
		return 0, 1
	case len(cpus) == 1:
		return cpus[0], cpus[0] + 1
	}
	return cpus[0], cpus[1]
}
