package static

import (
	"errors"
	"io"
	"os"
	"runtime"
	"time"

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
func (h *Handler) openBeneath(name string) (file, error) {
	if h.beneath.folder == nil {
		return file{}, errors.ErrUnsupported
	}
	how := unix.OpenHow{
		Flags:   uint64(openFlags) | unix.O_CLOEXEC | unix.O_LARGEFILE,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS,
	}
	fd, err := unix.Openat2(h.beneath.fd, name, &how)
	for err == unix.EINTR {
		fd, err = unix.Openat2(h.beneath.fd, name, &how)
	}
	runtime.KeepAlive(h.beneath.folder)
	switch err {
	case nil:
	case unix.ENOENT, unix.EMFILE, unix.ENFILE:
		return file{}, &os.PathError{Op: "openat2", Path: name, Err: err}
	default:
		return file{}, errors.ErrUnsupported
	}
	var stat unix.Stat_t
	if err = unix.Fstat(fd, &stat); err == nil {
		switch stat.Mode & unix.S_IFMT {
		case unix.S_IFREG, unix.S_IFDIR:
			return file{
				fd: fd, name: name, size: stat.Size, modified: time.Unix(stat.Mtim.Unix()),
				folder: stat.Mode&unix.S_IFMT == unix.S_IFDIR,
			}, nil
		}
		err = errSpecial
	}
	_ = unix.Close(fd)
	return file{}, err
}

// readAt is io.ReaderAt's.
func (f *file) readAt(p []byte, offset int64) (n int, err error) {
	if f.f != nil {
		return f.f.ReadAt(p, offset)
	}
	for n < len(p) {
		k, err := unix.Pread(f.fd, p[n:], offset+int64(n))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return n, &os.PathError{Op: "pread", Path: f.name, Err: err}
		case k == 0:
			return n, io.EOF
		default:
			n += k
		}
	}
	return n, nil
}

func (f *file) close() {
	if f.f != nil {
		_ = f.f.Close()
		return
	}
	_ = unix.Close(f.fd)
}

// osFile is for who takes one, and has to close it.
func (f *file) osFile() *os.File {
	if f.f == nil {
		f.f = os.NewFile(uintptr(f.fd), f.name)
	}
	return f.f
}
