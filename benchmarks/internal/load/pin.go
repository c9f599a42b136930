package load

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

// cpuMask has a bit for each of the first 1024 CPUs, as cpu_set_t of sched_setaffinity(2).
type cpuMask [1024 / 64]uint64

// Pin puts the whole process on one CPU until unpin is called. Threads that are started meanwhile inherit it.
func Pin(cpu int) (unpin func(), err error) {
	var before, one cpuMask
	if _, _, e := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(before),
		uintptr(unsafe.Pointer(&before))); e != 0 {
		return nil, fmt.Errorf("sched_getaffinity: %w", e)
	}
	one[cpu/64] = 1 << (cpu % 64)
	procs := runtime.GOMAXPROCS(1)
	unpin = func() {
		runtime.GOMAXPROCS(procs)
		setAffinity(&before) // which was allowed before
	}
	if err := setAffinity(&one); err != nil {
		unpin()
		return nil, err
	}
	return unpin, nil
}

func setAffinity(mask *cpuMask) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			return err
		}
		_, _, e := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, uintptr(id), unsafe.Sizeof(*mask),
			uintptr(unsafe.Pointer(mask)))
		if e != 0 && e != syscall.ESRCH { // a thread may have ended
			return fmt.Errorf("sched_setaffinity: %w", e)
		}
	}
	return nil
}
