//go:build race

package engine_test

// raceEnabled: tests that count allocations or that do much are cut short.
const raceEnabled = true
