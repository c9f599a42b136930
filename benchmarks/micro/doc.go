// Package micro compares the parts of servers on the same bytes in the same run: Pollard's, fasthttp's and net/http's.
//
//	go test -C benchmarks/micro -bench . -count 6 | tee new && benchstat new
//
//	head_test.go    parsers: the head of a request
//	conn_test.go    a request and its answer, without a socket
//	socket_test.go  the same through a socket of the system, one and 16 at a time
//	timers_test.go  moving a connection's deadline
//
// Each part is used as its own server uses it. Pollard's parser is given the bytes where the loop has read them. The others
// read from a bufio.Reader, whose one copy out of the "socket" (some 20 ns for a browser's request) is part of their way;
// fasthttp's header and both readers are reused, net/http offers no reuse of its Request. net/http looks in a goroutine of
// its own for the peer's end while a handler runs; that is part of its way too.
//
// The benchmarks of our parts alone stand with them: go test -bench . ./parser ./timers ./conn.
package micro
