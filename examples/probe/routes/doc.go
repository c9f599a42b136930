// Package routes has the behaviours of probe: each shows, behind a URL, one thing
// that the engine does. The program serves them, and the suite in conformance
// holds every transport to them. probe's own documentation lists them.
package routes
