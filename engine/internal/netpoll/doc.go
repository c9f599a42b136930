// Package netpoll carries connections of github.com/cloudwego/netpoll: their
// bytes and their readiness, without a goroutine for each. See engine/netpoll for
// what that means for users, and package carrier for the contract.
//
//	netpoll's poller                         engine
//	OnRequest: input has come    ── Ready ──►  handlers run on its goroutine
//	OnDisconnect                 ── Ended, Broken ──►
//
// netpoll reads for us: it can't be told to stop, so what nobody takes is watched
// (watch.go). It gives a connection up whose peer has ended its side, but such a
// peer may still read: we send, and wait for room, by ourselves, with the descriptor
// or a duplicate of it (sending.go).
//
// # Map
//
//	listener.go   Serve: accepting, and its end
//	peer.go       peer: a connection, and what is received
//	sending.go    … and what is sent
//	hijacked.go   … and how a handler takes it
//	watch.go      what is received and not taken
//	sys_*.go      system calls
package netpoll
