package static

import (
	"bytes"
	"errors"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"github.com/pollard-go/pollard/engine/internal/carrier"
	"golang.org/x/sys/unix"
)

// beneath opens files by openat2(2), which keeps below the root in one system
// call what os.Root follows segment by segment. A descriptor is all that a small
// file needs: an os.File is first offered to the runtime's poller, which takes
// no regular file.
type beneath struct {
	folder *os.File // nil: os.Root has to do
	fd     int
}

func newBeneath(root *os.Root) beneath {
	folder, err := root.Open(".")
	if err != nil {
		return beneath{} // os.Root says so for each request
	}
	return beneath{folder: folder, fd: int(folder.Fd())}
}

// openBeneath returns errors.ErrUnsupported where os.Root is to be asked: the
// system is too old or forbids the call, somebody renames folders meanwhile, or
// the name fails for a reason that os.Root tells better.
func (h *Handler) openBeneath(name []byte) (file, error) {
	if h.beneath.folder == nil {
		return file{}, errors.ErrUnsupported
	}
	how := unix.OpenHow{
		Flags:   uint64(openFlags) | unix.O_CLOEXEC | unix.O_LARGEFILE,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS,
	}
	fd, err := openat2(h.beneath.fd, name, &how)
	runtime.KeepAlive(h.beneath.folder)
	switch err {
	case 0:
	case unix.ENOENT, unix.EMFILE, unix.ENFILE:
		return file{}, err
	default:
		return file{}, errors.ErrUnsupported
	}
	var stat unix.Stat_t
	failed := unix.Fstat(fd, &stat)
	if failed == nil {
		switch stat.Mode & unix.S_IFMT {
		case unix.S_IFREG, unix.S_IFDIR:
			return file{
				fd: fd, size: stat.Size, modified: time.Unix(stat.Mtim.Unix()),
				folder: stat.Mode&unix.S_IFMT == unix.S_IFDIR,
			}, nil
		}
		failed = errSpecial
	}
	_ = unix.Close(fd)
	return file{}, failed
}

// openat2 is unix.Openat2, whose name costs two allocations.
func openat2(folder int, name []byte, how *unix.OpenHow) (fd int, errno syscall.Errno) {
	if bytes.IndexByte(name, 0) >= 0 {
		return -1, unix.EINVAL // it would end there
	}
	var space [pathBytes]byte
	ended := append(append(space[:0], name...), 0)
	for {
		r, _, errno := unix.Syscall6(unix.SYS_OPENAT2, uintptr(folder), uintptr(unsafe.Pointer(&ended[0])),
			uintptr(unsafe.Pointer(how)), unsafe.Sizeof(*how), 0, 0)
		if errno != unix.EINTR {
			return int(r), errno
		}
	}
}

// readAt is io.ReaderAt's.
func (f *file) readAt(p []byte, offset int64) (n int, err error) {
	if f.f != nil {
		return f.f.ReadAt(p, offset)
	}
	d := descriptor{f.fd}
	return d.ReadAt(p, offset)
}

func (f *file) close() {
	if f.f != nil {
		_ = f.f.Close()
		return
	}
	_ = unix.Close(f.fd)
}

// lent is for who takes a file and closes it.
func (f *file) lent() carrier.File {
	if f.f != nil {
		return f.f
	}
	return &descriptor{f.fd}
}

// descriptor is a regular file. os.NewFile would look at its flags, offer it to the
// runtime's poller, which can't have it, and have it closed by the garbage
// collector: two system calls and three allocations more.
type descriptor struct {
	fd int // -1: closed
}

// Fd is the largest number there is once it is closed, as that of an os.File.
func (d *descriptor) Fd() uintptr { return uintptr(d.fd) }

// ReadAt is io.ReaderAt's.
func (d *descriptor) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) {
		k, err := unix.Pread(d.fd, p[n:], offset+int64(n))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return n, err
		case k == 0:
			return n, io.EOF
		default:
			n += k
		}
	}
	return n, nil
}

// Close closes it once: its number may then be another's.
func (d *descriptor) Close() error {
	fd := d.fd
	if d.fd = -1; fd < 0 {
		return os.ErrClosed
	}
	return unix.Close(fd)
}
