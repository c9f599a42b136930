package engine_test

import "syscall"

// limitFiles sets how many descriptors the process may have.
func limitFiles(n uint64) error {
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n})
}
