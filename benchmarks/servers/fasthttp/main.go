// Command fasthttp is the hello-world server of valyala/fasthttp's own README, with the program's address as a flag and
// the paths of package work that take their time.
package main

import (
	"flag"
	"log"

	"github.com/pollard-go/pollard/benchmarks/internal/work"
	"github.com/valyala/fasthttp"
	_ "go.uber.org/automaxprocs"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	log.Fatal(fasthttp.ListenAndServe(*addr, hello))
}

func hello(ctx *fasthttp.RequestCtx) {
	if path := ctx.Path(); len(path) > 1 {
		work.Before(string(path))
	}
	ctx.SetContentType(work.ContentType)
	ctx.WriteString(work.Hello)
}
