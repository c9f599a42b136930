package procfs

import (
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	// probeWindows of probeWindow each are looked at: what else runs on the CPU disturbs some of them, not all.
	probeWindows = 20
	probeWindow  = time.Millisecond
	// wholeShare of the time belongs to the thread in a window that nothing disturbs, if interrupts are counted as its
	// own; if they are not, the delivery of packets, some third of it, is missing.
	wholeShare = 0.9
)

// processesHaveInterrupts tells whether a process's CPU time has in it the time of the interrupts that came meanwhile.
// Without CONFIG_IRQ_TIME_ACCOUNTING it has, and that is much: packets on loopback are delivered in a soft interrupt of
// their sender. /proc/stat always shows interrupts apart. The kernel's configuration can't be read everywhere, so a
// thread sends itself packets and compares its CPU time with the clock.
var processesHaveInterrupts = sync.OnceValue(func() bool {
	fd, err := socketToItself()
	if err != nil {
		return true
	}
	defer syscall.Close(fd)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	most := 0.0
	for range probeWindows {
		start, before := time.Now(), threadCPU()
		packet := make([]byte, 64)
		for time.Since(start) < probeWindow {
			syscall.Write(fd, packet)
			syscall.Read(fd, packet)
		}
		most = max(most, float64(threadCPU()-before)/float64(time.Since(start)))
	}
	return most > wholeShare
})

// socketToItself returns a UDP socket whose packets come back to it. A packet that is lost makes a read return at once.
func socketToItself() (fd int, err error) {
	fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	var addr syscall.Sockaddr
	if err == nil {
		addr, err = syscall.Getsockname(fd)
	}
	if err == nil {
		err = syscall.Connect(fd, addr)
	}
	if err != nil {
		syscall.Close(fd)
	}
	return fd, err
}

// threadCPU returns the CPU time of the calling thread up to now: that of getrusage is as old as the last tick.
func threadCPU() time.Duration {
	const threadCPUTime = 3 // CLOCK_THREAD_CPUTIME_ID
	var t syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, threadCPUTime, uintptr(unsafe.Pointer(&t)), 0)
	return time.Duration(t.Nano())
}
