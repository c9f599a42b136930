// Package memory is a network of its own within the process, for tests: a
// listener whose connections need no socket, port or descriptor.
//
//	ln := memory.Listen()
//	srv := engine.New(handler, engine.Options{})
//	go srv.Serve(ln)
//	c, err := ln.Dial()
//
// A connection has what one of TCP has: each direction is buffered, up to a bound
// at which writing waits; each can be ended by itself (CloseWrite); reading and
// writing have deadlines; and one that is closed with SetLinger(0) is reset. To use
// it with net/http's client, give http.Transport the listener's DialContext. Requests have no
// addresses: Request.RemoteAddr and LocalAddr are invalid, as for Unix sockets.
package memory
