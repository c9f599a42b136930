//go:build !linux

package conformance

var transports = []transport{{name: "default"}}
