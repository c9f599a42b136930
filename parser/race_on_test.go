//go:build race

package parser

// raceEnabled says that the race detector is on, which makes allocations of
// its own.
const raceEnabled = true
