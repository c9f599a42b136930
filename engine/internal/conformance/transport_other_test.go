//go:build !linux

package conformance

var transports = []transport{{name: "default"}, {name: "TLS", serve: serveTLS, secured: true}, {name: "tls.Listener", serve: serveTLSListener, secured: true}, {name: "memory", serve: serveMemory}}
