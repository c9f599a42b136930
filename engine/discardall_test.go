package engine_test

import (
	"math"
	"strings"
	"testing"

	"github.com/pollard-go/pollard/engine"
)

// TestDiscardAll: a limit may be the largest number. A peer that reads its answer
// only when it has sent all gets it, whatever carries the connection.
func TestDiscardAll(t *testing.T) {
	// Both are more than the two systems buffer.
	const pieces = 4000
	piece := strings.Repeat("a", 4<<10)
	body := strings.Repeat("b", 32<<20)
	for _, transport := range []engine.Transport{0, engine.TransportNet} {
		var o engine.Options
		o.Listen.Transport = transport
		o.Limits.DiscardBytes, o.Limits.OutputBytes = math.MaxInt64, 32<<20
		o.Timeouts.Write, o.Timeouts.WriteRate = 2*patience, -1
		f := serve(t, o, func(w *engine.Response, _ *engine.Request) {
			for range pieces { // none is borrowed, so the handler returns before the peer reads
				_, _ = w.WriteString(piece)
			}
		})
		c := f.dial()
		c.send("%s%s", post("/", len(body)), body)
		c.wants(200, strings.Repeat(piece, pieces))
		c.get("/")
		c.wants(200, strings.Repeat(piece, pieces))
		_ = c.Close()
	}
}
