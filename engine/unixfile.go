package engine

import (
	"net"
	"os"
)

// unixFile is the file of a Unix socket. Go removes the file of that name when the
// listener is closed, whose ever it is by then: a successor's that was put in its
// place would vanish, and leave the successor where nobody finds it.
type unixFile struct{ made os.FileInfo }

// fileOf is called when ln has just begun to listen. Other listeners have none, nor
// have abstract sockets.
func fileOf(ln net.Listener) (f unixFile) {
	if u, ok := ln.(*net.UnixListener); ok {
		f.made, _ = os.Lstat(u.Addr().String())
	}
	return f
}

// close closes the listener, and removes its file if that is its own still.
func (f unixFile) close(ln net.Listener) error {
	if u, ok := ln.(*net.UnixListener); ok && f.made != nil {
		if now, err := os.Lstat(u.Addr().String()); err == nil && !os.SameFile(f.made, now) {
			u.SetUnlinkOnClose(false)
		}
	}
	return ln.Close()
}
