// Command fasthttp is the hello-world server of valyala/fasthttp's own README, with the program's address as a flag and
// a path that blocks.
package main

import (
	"flag"
	"log"
	"time"

	"github.com/valyala/fasthttp"
	_ "go.uber.org/automaxprocs"
)

const slowAnswer = 20 * time.Millisecond

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	log.Fatal(fasthttp.ListenAndServe(*addr, hello))
}

func hello(ctx *fasthttp.RequestCtx) {
	if string(ctx.Path()) == "/slow" {
		time.Sleep(slowAnswer)
	}
	ctx.SetContentType("text/plain")
	ctx.WriteString("Hello, World!")
}
