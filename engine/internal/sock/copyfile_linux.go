package sock

import (
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// copyBytes is what is read of a file at a time where sendfile(2) can't send it.
const copyBytes = 32 << 10

var copyBuffers = sync.Pool{New: func() any { return new([copyBytes]byte) }}

// copyFile is SendFile by way of memory: files of /proc and of some file systems
// have no pages that could be sent, and a sandbox may not know the call. What the
// socket doesn't take is read again.
func copyFile(fd, file int, offset *int64, count int) (sent int, errno Errno) {
	buf := copyBuffers.Get().(*[copyBytes]byte)
	defer copyBuffers.Put(buf)
	for sent < count {
		k, err := unix.Pread(file, buf[:min(count-sent, copyBytes)], *offset)
		if err == syscall.EINTR { //nolint:errorlint // package unix wraps none
			continue
		}
		if err != nil || k <= 0 {
			break
		}
		n, errno := Send(fd, buf[:k], sent+k < count)
		if errno != 0 && sent > 0 {
			break // the next attempt finds it again
		}
		if errno != 0 {
			return 0, errno
		}
		*offset += int64(n)
		if sent += n; n < k {
			break
		}
	}
	return sent, 0
}
