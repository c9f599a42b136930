//go:build unix

package engine

import (
	"math"

	"golang.org/x/sys/unix"
)

// descriptorLimit is how many descriptors the process may have.
func descriptorLimit() uint64 {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return math.MaxUint64
	}
	return uint64(r.Cur)
}
