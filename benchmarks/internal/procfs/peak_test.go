package procfs

import (
	"os"
	"runtime/debug"
	"testing"
)

// Memory that came and went must show in the peak, and no longer after it was reset.
func TestPeakRSS(t *testing.T) {
	const size = 64 << 20
	pid := os.Getpid()
	if err := ResetPeak(pid); err != nil {
		t.Skip(err)
	}
	before, err := PeakRSSBytes(pid)
	if err != nil {
		t.Fatal(err)
	}
	touch(size)
	debug.FreeOSMemory()
	with, err := PeakRSSBytes(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := ResetPeak(pid); err != nil {
		t.Fatal(err)
	}
	after, err := PeakRSSBytes(pid)
	if err != nil {
		t.Fatal(err)
	}
	if with-before < size*3/4 || with-after < size*3/4 {
		t.Errorf("peak before %d, with %d bytes more %d, after the reset %d", before, size, with, after)
	}
}

//go:noinline
func touch(size int) {
	block := make([]byte, size)
	for i := 0; i < size; i += os.Getpagesize() {
		block[i] = 1
	}
}
