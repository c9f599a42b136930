package engine

import (
	"fmt"

	"github.com/pollard-go/pollard/conn"
)

// ConnState is what a connection is doing.
type ConnState uint8

const (
	StateIdle      ConnState = iota // waits for the first byte of a request
	StateReceiving                  // has begun a request that has not come whole
	StateHandling                   // a handler is at work for it, or a request waits for a worker
	StateSending                    // waits for its peer to take an answer
	StateLingering                  // has sent all, and waits for its peer's end
	StateDetached                   // its answer goes on without a handler
	StateHijacked                   // is the handler's now: no longer counted as open
	NumStates                       // how many there are
)

var stateNames = [NumStates]string{"idle", "receiving", "handling", "sending", "lingering", "detached", "hijacked"}

// String gives the state in a word, as used in counters and logs.
func (s ConnState) String() string {
	if s >= NumStates {
		return fmt.Sprintf("ConnState(%d)", uint8(s))
	}
	return stateNames[s]
}

// stateOf tells what a connection does that nobody is at work for.
func stateOf(c *conn.Conn) ConnState {
	switch {
	case c.Resting():
		return StateIdle
	case c.State().Lingering():
		return StateLingering
	case c.Unsent() || c.Undelivered():
		return StateSending
	}
	return StateReceiving
}

// counts is how many connections are in each state but StateIdle, which is what
// remains of those that are open. A connection that is served at once goes from
// idle to idle, so nothing is counted for it.
//
// Without Hooks.StateChanged nothing is counted for a handler on its loop, nor
// for a request that was given to the crew, which knows how many it has.
func (n *counters) moved(from, to ConnState) {
	if from != StateIdle {
		n.states[from].Add(-1)
	}
	if to != StateIdle {
		n.states[to].Add(1)
	}
}
