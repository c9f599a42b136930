// Package architecture is a test: it holds every package of this module to the
// layers that the project is cut into.
//
//	examples ──► engine and its sub-packages ──► conn ──► parser
//	                                    engine ──► timers
//
// The three packages at the bottom are pure: they read no clock, start no
// goroutine, touch no socket and take no lock. That is what lets their tests
// replay a connection's whole life, hours of it, in microseconds and the same
// way each time.
//
// The rules themselves are the tables in layers_test.go and purity_test.go. A
// new package needs a row in the first.
//
// conformance_test.go holds CONFORMANCE.md to the code: what a row names must
// exist, and no section may be without a row.
package architecture
