// Package carrier is the contract between the engine's driver for streams and
// what carries their bytes: a net.Conn, TLS over another carrier, or a connection
// of some event library.
//
// A carrier moves bytes and knows nothing of HTTP. The engine's side of it is a
// Stream, which owns the protocol state and runs the handlers:
//
//	carrier (Conn)                               engine (Stream)
//	input is there, or its end   ── Ready ──►    Receive …, a handler, Send …
//	broken                       ── Broken ──►   ends contexts, frees what it holds
//	                             ◄── Close ──    exactly once, as the last call
//
// # With a goroutine for each connection
//
// The engine does so itself for every net.Conn: the goroutine waits in Await,
// and nobody calls Ready.
//
// # Without one
//
// A carrier that is told of readiness by somebody else calls Server.Attach once
// for each connection, and Stream.Ready whenever input or its end has come: the
// call goes on with the connection as far as it can, runs handlers on the calling
// goroutine, and returns when it takes more input, or at once if another
// goroutine is at work on the connection already. Between two calls nothing is
// held but memory: deadlines are in a wheel that one goroutine drives for all.
// The methods that wait are called only on behalf of a handler.
//
// # Files
//
// What a carrier is given to send is a File. SendFile is for handlers of ours that
// have another than an *os.File.
package carrier
