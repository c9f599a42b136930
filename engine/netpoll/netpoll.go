// Package netpoll serves connections of github.com/cloudwego/netpoll: for
// processes whose other services run on its pollers, and for macOS and FreeBSD,
// where an engine.Server uses it by itself.
//
//	srv := engine.New(handler, engine.Options{})
//	err := netpoll.ListenAndServe(srv, ":8080")
//
// It has the rules, limits, counters and hooks of the engine's other transports,
// and no goroutine for an idle connection. Prefer event loops (Server.Serve) on
// Linux where nothing speaks against it:
//
//   - An idle connection costs some 8 KB instead of 0.3.
//   - netpoll can't be told to stop reading. A handler that is slower than its peer
//     has the rest of the body held in memory, beyond Limits.MemoryBytes. A
//     connection of which more than Unread bytes are held is reset, and counted as
//     conn.ReasonOverrun.
//   - A connection can be hijacked unless the request came behind a detached answer.
//     It holds a goroutine of netpoll's until it is closed, and can't be written to
//     any more when its peer has ended its side.
//   - netpoll gives a connection up when its peer ends its side. Such peers get their
//     answers all the same, but each costs another descriptor for that time. So does
//     an answer that waits for a slow reader, or a thread where there is none left.
//   - A handler that ends by runtime.Goexit ends its connection too.
//   - SendFile reads the file into memory, a piece at a time.
//   - Dispatch.Mode has no say: handlers run on goroutines of netpoll's pool.
//   - Listen's options are those of the listener that is given.
package netpoll

import (
	"net"

	"github.com/pollard-go/pollard/engine"
)

// Unread is how many bytes a connection may have received that nobody takes, until
// it is reset. It is read when Serve is called, and not used on other systems than
// Linux, macOS and FreeBSD.
var Unread = 16 << 20

// ListenAndServe listens on a TCP address, "host:port", and serves.
func ListenAndServe(s *engine.Server, addr string) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return Serve(s, ln)
}
