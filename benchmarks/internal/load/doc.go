// Package load puts a server under a load and measures what that costs it.
//
// A Scenario is one way to use a server. Its Load is Wrk, in which the program wrk sends requests for a while from a CPU
// of its own; Idle, in which the harness itself opens connections and leaves them alone; or Beside, in which the harness
// sends the requests, in order to time those of each kind. All first look at the server's answer, so that what is
// measured is known to be the same work.
//
// Nothing here runs while wrk does, apart from the wait for its end: the harness must not disturb what it measures.
package load
