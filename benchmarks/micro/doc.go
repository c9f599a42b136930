// Package micro compares parsers on the same bytes in the same run: Pollard's, fasthttp's and net/http's.
//
//	go test -C benchmarks/micro -bench . -count 6
//
// Each parser is used as its own server uses it. Pollard's is given the bytes where the loop has read them. The others
// read from a bufio.Reader, whose one copy out of the "socket" (some 20 ns for a browser's request) is part of their way;
// fasthttp's header and both readers are reused, net/http offers no reuse of its Request.
package micro
