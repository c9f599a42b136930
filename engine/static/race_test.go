//go:build race

package static

// raceEnabled: tests that count allocations or that do much are cut short.
const raceEnabled = true
