package conformance

import "github.com/pollard-go/pollard/engine"

var transports = []transport{
	{name: "inline", options: inMode(engine.ModeInline)},
	{name: "pooled", options: inMode(engine.ModePooled)},
	{name: "adaptive", options: inMode(engine.ModeAdaptive)},
	{name: "net", options: overNet},
	{name: "TLS", serve: serveTLS, secured: true},
	{name: "tls.Listener", serve: serveTLSListener, secured: true},
	{name: "memory", serve: serveMemory},
	{name: "netpoll", serve: serveNetpoll},
}

func overNet(o *engine.Options) { o.Listen.Transport = engine.TransportNet }
