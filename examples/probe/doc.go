// Probe puts every behaviour of the engine behind a URL, so that conformance
// and abuse suites have something to talk to:
//
//	probe -addr 127.0.0.1:8080 -mode pooled
//
// -transport has it use another one than the default: net, or tls with a
// certificate made at the start.
//
// It prints "listening on http://ADDR" when connections are taken. SIGINT and
// SIGTERM drain it: what is under way is answered, then it exits with 0.
//
//	any  /             "Hello, World!"
//	any  /echo         the request body; fields X-Method and X-Body-Length
//	GET  /chunked      "one", "two", "three", each flushed, ?ms= apart
//	GET  /trailer      the same with the trailer field "X-Sum: abc"
//	GET  /sleep        sleeps ?ms=, then "slept N"
//	GET  /big          ?n= bytes, 0 to 255 repeated, with Content-Length
//	GET  /headers      a JSON object of the fields received
//	any  /ignore-body  "ignored", without reading the request's body
//	any  /drain        reads the body in 64 KB pieces, ?ms= apart, then "drained N"
//	GET  /seq          sleeps 0 to 5 ms, then the number ?i=
//	GET  /204, /304    that status; /204-body writes content all the same
//	GET  /early        103 with a Link field, then "early"
//	GET  /inject       sets a field value with CR LF in it, then "injected"
//	GET  /cl-over      declares 3 bytes and writes 6; /cl-short 10 and writes 3
//	GET  /panic        panics
//	any  /limited      as /echo, with the body limited to ?n= bytes
//	any  /begun        "begun", flushed, then reads the body, then "read N"
//	any  /trailers     the trailer fields received
//	any  /target       the request's host, path and query
//	GET  /status       answers with status ?code=
//	any  /close        an answer that says "Connection: close"
//	GET  /upgrade      426 with an Upgrade field
//	GET  /abort        "abc", flushed, then breaks the answer off
//
// GET stands for GET and HEAD: other methods get 405. A number that is missing
// or wrong gets 400, any other path 404. A request body that can't be read to
// its end gets 400, one that stops coming 408, one above 64 MiB on /echo 413, and
// all of these end the connection.
//
// The map: main.go has the life of the process; routes has the table, what reads
// requests, and what answers are made of.
package main
