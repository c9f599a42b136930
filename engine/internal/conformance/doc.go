// Package conformance holds every transport of the engine to the same bytes. It
// has no code but its tests: cases are conversations over real connections with
// the behaviours of examples/probe, and each is a decision that cites its clause.
//
//	go test ./engine/internal/conformance                          every transport
//	go test ./engine/internal/conformance -run 'TestSuite/pooled'  one of them
//	go test ./engine/internal/conformance -addr 127.0.0.1:8080     a server that runs elsewhere
//	go test ./engine/internal/conformance -update                  write what happens into the files
//
// A case is sent three times: whole, byte by byte, and cut at a place that
// depends on the seed, which a failure prints and -seed sets. What comes must be
// the same bytes each time, and the connection must end as the case says.
// cases/README.md has the form of a file.
//
// The package conn has transcripts of its own. They show the state machine, with
// a clock and a socket that are arguments; here is what a peer sees of it. Those
// of them that need no more than a peer are replayed here too, over every
// transport: TestTranscripts.
//
//	case_test.go        a case, read from its file and written into it
//	text_test.go        how bytes are written down
//	peer_test.go        one conversation
//	suite_test.go       all cases, over one transport
//	transcript_test.go  conn's transcripts, over one transport
//	transport_test.go   how a server is started; transport_linux_test.go has the
//	                    table of transports
//	seen_test.go        that the suite sees what is wrong
//	*_program_test.go   real programs as peers: nginx, HAProxy, curl, wrk,
//	                    slowhttptest; process_test.go starts them
package conformance
