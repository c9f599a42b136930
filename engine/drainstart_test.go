package engine_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"

	"github.com/pollard-go/pollard/engine"
)

// TestShutdownWhileStarting: whichever comes first, both return.
func TestShutdownWhileStarting(t *testing.T) {
	for i := range scale(300, 1000, 10000) {
		ln := listen(t, "tcp", "127.0.0.1:0")
		o := engine.Options{Dispatch: engine.DispatchOptions{Loops: 1}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
		srv := engine.New(engine.HandlerFunc(hello), o)
		served := make(chan error, 1)
		go func() { served <- srv.Serve(ln) }()
		for range i % 300 * 10 {
			_ = srv.Draining()
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		if err := srv.Shutdown(ctx); err != nil {
			t.Fatalf("round %d: Shutdown: %v", i, err)
		}
		cancel()
		if err := <-served; !errors.Is(err, engine.ErrServerClosed) {
			t.Fatalf("round %d: Serve: %v", i, err)
		}
	}
}
