package conformance

import "github.com/pollard-go/pollard/engine"

var transports = []transport{
	{name: "inline", options: inMode(engine.ModeInline)},
	{name: "pooled", options: inMode(engine.ModePooled)},
	{name: "adaptive", options: inMode(engine.ModeAdaptive)},
}
