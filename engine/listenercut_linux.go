package engine

import (
	"time"

	"golang.org/x/sys/unix"
)

// This file is how a server that closes ends listening sockets whose loop is held
// by a handler: nobody else may touch what the loop watches, but peers must not
// go on to connect to a server that will not answer, and Serve is to return.

// cutListeners has that done in a while, if the loops have not ended them by then.
// The caller holds mu.
func (s *Server) cutListeners() {
	if listeners := s.unwatched; len(listeners) > 0 {
		s.unwatched = nil
		time.AfterFunc(cutPatience/2, func() {
			for _, ln := range listeners {
				ln.cut()
			}
		})
	}
}

// cut ends the listening socket. Its descriptor goes on to exist, since the loop
// may be about to use it, but is no socket any more. Shutting the socket down
// would be simpler, and end it for other processes too that it may be shared with.
func (ln *listener) cut() {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	if ln.closed {
		return
	}
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(null) //nolint:errcheck // nothing was written
	ln.loop.srv.portGroup.leave(ln.fd)
	if err := unix.Dup3(null, ln.fd, unix.O_CLOEXEC); err != nil {
		return
	}
	ln.ended = true
	_ = ln.path.close(ln.net)
	close(ln.done)
}

// close ends both descriptors of the socket.
func (ln *listener) close() {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	ln.closed = true
	_ = ln.file.Close()
	if !ln.ended {
		ln.ended = true
		_ = ln.path.close(ln.net)
		close(ln.done)
	}
}

// wasCut tells whether it was ended by cut.
func (ln *listener) wasCut() bool {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	return ln.ended && !ln.closed
}
