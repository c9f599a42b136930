// Command endings compares how servers end: what becomes of the requests of busy clients when each server's Shutdown is
// called, and how many clients get to read an answer that was given while they were still sending. All servers, and their
// clients, are in this process; what counts is what the clients saw.
//
//	go run -C benchmarks ./endings
//	go run -C benchmarks ./endings -only early -clients 100 -upload 1000000
//
// The clients of the first table keep their connections alive, pipeline, and pause now and then; the server is shut down
// in the midst of it, in each round anew. A request is told when it is not answered but an earlier answer of its connection
// said "Connection: close", so that its client knows that it can be sent again. It is lost when nothing was said.
//
// The clients of the second table send a request with a large body, which the server answers with 413 at once, and read
// only when they have sent all of it. One that can't send all has failed, for most programs. Whether the answer could be
// read even so is told apart: Linux keeps what had come before a reset, other systems throw it away.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

// options is what the flags say.
type options struct {
	only     string
	rounds   int
	busy     int // clients of a shutdown
	depth    int
	clients  int // of the early answer
	together int
	upload   int
	patience time.Duration
	// waits is how long Pollard waits for a client that is silent; zero: as by default, which differs by what it waits for.
	waits time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.only, "only", "", "make only one table: shutdown or early")
	flag.IntVar(&o.rounds, "rounds", 50, "how often each server is shut down")
	flag.IntVar(&o.busy, "busy", 64, "clients that are busy meanwhile")
	flag.IntVar(&o.depth, "depth", 4, "requests that they pipeline")
	flag.IntVar(&o.clients, "clients", 1000, "clients that are answered early")
	flag.IntVar(&o.together, "together", 100, "how many of them at a time")
	flag.IntVar(&o.upload, "upload", 10e6, "bytes that each sends")
	flag.DurationVar(&o.patience, "patience", 10*time.Second, "how long anything may take")
	flag.Parse()
	if err := run(&o); err != nil {
		fmt.Fprintln(os.Stderr, "endings:", err)
		os.Exit(1)
	}
}

func run(o *options) error {
	switch {
	case flag.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	case o.only != "" && o.only != "shutdown" && o.only != "early":
		return fmt.Errorf("no table %q: shutdown or early", o.only)
	case min(o.rounds, o.busy, o.depth, o.clients, o.together, o.upload) < 1:
		return errors.New("the numbers must be positive")
	}
	if o.only != "early" {
		if err := shutdowns(o, os.Stdout); err != nil {
			return err
		}
	}
	if o.only == "" {
		fmt.Println()
	}
	if o.only != "shutdown" {
		return earlyAnswers(o, os.Stdout)
	}
	return nil
}
