// Hello answers every request with "Hello, World!". It is what gets benchmarked:
// nothing else is in its way.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/examples/internal/carriage"
	"go.uber.org/automaxprocs/maxprocs"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "hello:", err)
		os.Exit(1)
	}
}

func run() error {
	_, _ = maxprocs.Set() // go.mod says go 1.24: the runtime doesn't read CPU quotas itself

	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	mode := flag.String("mode", "adaptive", "who runs handlers: adaptive, inline or pooled")
	transport := flag.String("transport", "", carriage.Usage)
	flag.Parse()

	var o engine.Options
	o.Addr = *addr
	if err := o.Dispatch.Mode.UnmarshalText([]byte(*mode)); err != nil {
		return err
	}
	carrier, err := carriage.Choose(&o, *transport)
	if err != nil {
		return err
	}
	srv := engine.New(engine.HandlerFunc(hello), o)

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	drained := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		drained <- srv.Shutdown(grace)
	}()
	if err := carrier.ListenAndServe(srv); !errors.Is(err, engine.ErrServerClosed) {
		return err
	}
	return <-drained
}

func hello(w *engine.Response, _ *engine.Request) {
	_ = w.SetHeader("Content-Type", "text/plain")
	_, _ = w.WriteString("Hello, World!")
}
