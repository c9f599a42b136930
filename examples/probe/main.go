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
	"github.com/pollard-go/pollard/examples/internal/carriage"
	"github.com/pollard-go/pollard/examples/probe/routes"
	"go.uber.org/automaxprocs/maxprocs"
)

// grace is how long requests under way may take once a signal has come. It is
// above the 30 s for which a connection may linger.
const grace = 35 * time.Second

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	mode := flag.String("mode", "adaptive", "who runs handlers: adaptive, inline or pooled")
	transport := flag.String("transport", "", carriage.Usage)
	flag.Parse()
	_, _ = maxprocs.Set() // go.mod says go 1.24: the runtime doesn't read CPU quotas itself
	var o engine.Options
	carrier, err := carriage.Choose(&o, *transport)
	if err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(2)
	}
	if err := o.Dispatch.Mode.UnmarshalText([]byte(*mode)); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(2)
	}

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, o, carrier, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, then drains.
func run(ctx context.Context, addr string, o engine.Options, carrier carriage.Choice, out io.Writer) error {
	o.Limits.WholeBody = routes.EchoBytes
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	srv := engine.New(engine.HandlerFunc(routes.Serve), o)
	served := make(chan error, 1)
	go func() { served <- carrier.Serve(srv, ln) }()
	fmt.Fprintf(out, "listening on %s://%s\n", carrier.Scheme(), ln.Addr())

	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	limited, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	err = srv.Shutdown(limited)
	if e := <-served; !errors.Is(e, engine.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}
