package engine

import "fmt"

// Transport is what carries connections, and who waits for them.
type Transport uint8

const (
	// DefaultTransport is TransportEpoll on Linux, netpoll's pollers on macOS and
	// FreeBSD for TCP (see package engine/netpoll, which has them on Linux), and
	// TransportNet elsewhere.
	DefaultTransport Transport = iota
	// TransportEpoll is event loops over epoll, for TCP and Unix sockets on Linux.
	// Other listeners, and TLS, are served as with TransportNet.
	TransportEpoll
	// TransportNet has a goroutine for each connection, over any net.Conn: Dispatch
	// has no say, but for Workers and Queue.
	TransportNet
)

var transportNames = [...]string{"default", "epoll", "net"}

func (t Transport) String() string {
	if int(t) < len(transportNames) {
		return transportNames[t]
	}
	return fmt.Sprintf("Transport(%d)", uint8(t))
}

// UnmarshalText sets the transport from its name, for flags and configuration
// files.
func (t *Transport) UnmarshalText(text []byte) error {
	for i, name := range transportNames {
		if string(text) == name {
			*t = Transport(i)
			return nil
		}
	}
	return fmt.Errorf("engine: no transport %q: epoll or net", text)
}
