// Command nbio is the HTTP server of lesismal/nbio's examples, with the program's address as a flag and the other paths
// of package work.
package main

import (
	"context"
	"flag"
	"log"
	"os/signal"
	"syscall"

	"github.com/lesismal/nbio/nbhttp"
	"github.com/pollard-go/pollard/benchmarks/internal/work/standard"
	_ "go.uber.org/automaxprocs"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	engine := nbhttp.NewEngine(nbhttp.Config{Network: "tcp", Addrs: []string{*addr}, Handler: standard.Mux("")})
	if err := engine.Start(); err != nil {
		log.Fatal(err)
	}
	<-ctx.Done()
	engine.Stop()
}
