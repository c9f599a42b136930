// Sse sends the time to everybody who listens, as server-sent events:
//
//	go run ./examples/sse
//
//	GET /         a page that shows them
//	GET /events   the stream: an event each second
//	GET /stats    how many listen, and the engine's counters, as JSON
//
// A subscriber costs a socket and about 2 KB, no goroutine: its handler has
// returned (engine.Response.Detach), and one goroutine writes to all. SIGINT and
// SIGTERM end the streams, then the server; the exit status is 0. A second
// signal ends it at once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pollard-go/pollard/engine"
	"go.uber.org/automaxprocs/maxprocs"
)

// grace is how long connections may take to end after a signal. It is above the
// 30 s for which one may linger.
const grace = 35 * time.Second

type settings struct {
	addr     string
	mode     engine.Mode
	interval time.Duration
}

func main() {
	var s settings
	flag.StringVar(&s.addr, "addr", "127.0.0.1:8080", "`address` to listen on, host:port")
	flag.Func("mode", "who runs handlers: adaptive (default), inline or pooled", func(name string) error {
		return s.mode.UnmarshalText([]byte(name))
	})
	flag.DurationVar(&s.interval, "interval", time.Second, "how often there is an event")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the next signal ends the process at once
	if err := run(ctx, s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sse:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, then ends the streams and drains.
func run(ctx context.Context, s settings, out io.Writer) error {
	_, _ = maxprocs.Set() // go.mod says go 1.24: the runtime doesn't read CPU quotas itself

	if s.interval <= 0 {
		return fmt.Errorf("-interval %v: an event can't come more often than always", s.interval)
	}
	config := net.ListenConfig{KeepAlive: -1} // events show which peers are gone
	ln, err := config.Listen(ctx, "tcp", s.addr)
	if err != nil {
		return err
	}
	a := &app{clock: newBroadcast(clockEvent)}
	a.server = engine.New(engine.HandlerFunc(a.route), engine.Options{
		Dispatch: engine.DispatchOptions{Mode: s.mode},
		// Who is minutes of events behind, beyond what the kernel holds, is dropped.
		Limits: engine.LimitOptions{OutputBytes: 16 << 10},
	})
	served, told := make(chan error, 1), make(chan struct{})
	ticking, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	go func() {
		defer close(told)
		a.clock.run(ticking, s.interval)
	}()
	go func() { served <- a.server.Serve(ln) }()
	fmt.Fprintf(out, "listening on http://%s/\n", ln.Addr())

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	end()
	<-told // every stream has been ended
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err = a.server.Shutdown(limited)
	if e := <-served; !errors.Is(e, engine.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}
