//go:build race

package conn

// raceEnabled: the race detector allocates by itself.
const raceEnabled = true
