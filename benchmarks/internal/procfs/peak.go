package procfs

import (
	"fmt"
	"os"
)

// ResetPeak makes the peak of a process's resident memory what is resident now (proc(5), clear_refs).
func ResetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// PeakRSSBytes returns the most memory that was resident in process pid, children not counted, since it started or
// ResetPeak. The kernel counts it, so that no moment is missed, but may lag behind by up to 64 pages a CPU.
func PeakRSSBytes(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	return parseKilobytes(text, "VmHWM:")
}
