package static

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// openFlags: without O_NONBLOCK the opening of a FIFO would wait for its writer,
// and hold a worker for ever. Without O_NOCTTY a terminal could become that of
// the process. Neither changes anything for regular files.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOCTTY

// errSpecial is for what is neither a regular file nor a folder.
var errSpecial = errors.New("static: neither a file nor a folder")

// file is a regular file or a folder that is open. It is ended by close, or by
// who takes what it lent.
type file struct {
	f        *os.File // nil while there is only the descriptor
	fd       int
	size     int64
	modified time.Time
	folder   bool
}

// open opens a regular file or a folder. It is looked at after it was opened,
// so that it can't be exchanged in between.
func (h *Handler) open(name []byte) (file, error) {
	if opened, err := h.openBeneath(name); err == nil || !errors.Is(err, errors.ErrUnsupported) {
		return opened, err
	}
	f, err := h.root.OpenFile(string(name), openFlags, 0)
	if err != nil {
		return file{}, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		err = errSpecial
	}
	if err != nil {
		_ = f.Close()
		return file{}, err
	}
	return file{f: f, size: info.Size(), modified: info.ModTime(), folder: info.IsDir()}, nil
}

// statusOf gives the status for a file that can't be opened.
func statusOf(err error) int {
	var errno syscall.Errno
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 404
	case errors.Is(err, fs.ErrPermission):
		return 403
	case !errors.As(err, &errno): // errSpecial, or os.Root: it leads out of the root
		return 404
	}
	switch errno {
	case syscall.ENOTDIR, syscall.ENAMETOOLONG, syscall.ELOOP, syscall.EINVAL,
		syscall.ENXIO, syscall.ENODEV: // a socket, a device without a driver
		return 404
	case syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM,
		syscall.EAGAIN: // somebody has a lease of the file and is told to give it up
		return 503
	}
	return 500
}
