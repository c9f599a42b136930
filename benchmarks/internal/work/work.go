// Package work is what the handlers of all compared servers do, so that they do the same: the answer, and the paths that
// ask for something else.
//
//	/             answer at once
//	/slow         sleep for 20 ms first: a query that takes long
//	/sleep        sleep for 5 ms first: a usual query
//	/burn         compute for about 2 ms first
//	/json         a document of about 1 KB, by encoding/json
//	/chunks       Chunks pieces of ChunkBytes each, sent one by one without a Content-Length
//	/count        read the body; answer with the number of its bytes
//	/files/NAME   a file
//	/allocations  what the program has allocated so far, as JSON: asked by the harness, not by a load
//
// A server need not have all of them: the table in package fleet says which ones it offers.
package work

import (
	"bytes"
	"sync/atomic"
	"time"
)

// The answer to every other request.
const (
	Hello       = "Hello, World!"
	ContentType = "text/plain"
)

// The paths that need something of the server itself.
const (
	CountPath   = "/count"
	ChunksPath  = "/chunks"
	FilesPrefix = "/files/"
)

const (
	SlowTime  = 20 * time.Millisecond
	SleepTime = 5 * time.Millisecond
	// BurnTime is what Burn takes on a CPU of some 3 GHz that does nothing else.
	BurnTime = 2 * time.Millisecond
)

// burnRounds depend on each other, and one takes six cycles.
const burnRounds = 1_000_000

// Burn computes for about BurnTime. It is an amount of work rather than a time: a handler that is interrupted has the
// rest still to do, whereas with a clock the waiting would count as work done. The result only shows that it was done.
//
//go:noinline
func Burn() uint64 {
	x := uint64(88172645463325252)
	for range burnRounds {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

// burnt has the result of Burn be used.
var burnt atomic.Uint64

// Has tells whether a path asks for more than the plain answer. It costs no allocation, so that a request for any other
// path costs none that is the benchmark's own.
func Has(path []byte) bool {
	switch string(path) {
	case "/slow", "/sleep", "/burn", "/json", AllocationsPath, CountPath, ChunksPath:
		return true
	}
	return bytes.HasPrefix(path, []byte(FilesPrefix))
}

// Before does what a path asks for before its answer.
func Before(path string) {
	switch path {
	case "/slow":
		time.Sleep(SlowTime)
	case "/sleep":
		time.Sleep(SleepTime)
	case "/burn":
		burnt.Store(Burn())
	}
}

// Reply returns the answer to the paths that are neither Hello nor need anything of the server itself.
func Reply(path string) (contentType string, body []byte, ok bool) {
	switch path {
	case "/json":
		return JSONType, Document(), true
	case AllocationsPath:
		return JSONType, ReadAllocations().encode(), true
	}
	return "", nil, false
}
