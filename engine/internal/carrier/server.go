package carrier

// Server is what an adapter of an event library attaches its connections to.
type Server interface {
	// Attach begins the life of a connection without a goroutine. The adapter calls
	// Stream.Ready from now on. An error says that the server takes no connection
	// now, or any more: the adapter resets it.
	Attach(c Conn) (Stream, error)

	// AttachSource is for an adapter's listener: Shutdown and Close call end, which
	// must not wait, and then wait until the adapter calls done: no connection is
	// attached afterwards. An error, engine.ErrServerClosed among others, says that
	// nothing can be served.
	AttachSource(end func()) (done func(), err error)
}

// ServerOf returns an *engine.Server as adapters see it. Package engine sets it.
var ServerOf func(engineServer any) Server
