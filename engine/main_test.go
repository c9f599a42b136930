package engine_test

import (
	"flag"
	"net"
	"os"
	"testing"
)

// full has the tests use the numbers that take minutes.
var full = flag.Bool("full", false, "test with the full numbers of connections")

func TestMain(m *testing.M) {
	if runChild() || runClients() {
		return
	}
	flag.Parse()
	// The runtime opens its own descriptors at the first use of a socket: that is
	// not to be taken for a leak of the first test.
	if ln, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		_ = ln.Close()
	}
	os.Exit(m.Run())
}

// scale returns how many there are to be of something.
func scale(short, normal, all int) int {
	switch {
	case *full && !raceEnabled:
		return all
	case testing.Short() || raceEnabled:
		return short
	}
	return normal
}
