// Command fasthttp is fasthttp's application for the HttpArena board, to compare with; README.md of the folder above says
// what for.
package main

import (
	"flag"
	"io"
	"log"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pollard-go/pollard/benchmarks/internal/work"
	"github.com/valyala/fasthttp"
	_ "go.uber.org/automaxprocs"
)

func main() {
	addr := flag.String("addr", ":8080", "`address` to listen on")
	data := flag.String("data", "/data", "`folder` that the board mounts")
	flag.Parse()
	items, err := work.LoadArena(*data)
	if err != nil {
		log.Fatal(err)
	}
	files := &fasthttp.FS{
		Root:        filepath.Join(*data, "static"),
		PathRewrite: fasthttp.NewPathSlashesStripper(1),
		SkipCache:   true, // the rules for this type want files to be read from disk each time
	}
	app := &application{items, files.NewRequestHandler()}
	// Uploads are larger than what fasthttp takes by default.
	server := &fasthttp.Server{Handler: app.serve, StreamRequestBody: true}
	log.Fatal(server.ListenAndServe(*addr))
}

type application struct {
	items work.ArenaSet
	files fasthttp.RequestHandler
}

func (a *application) serve(ctx *fasthttp.RequestCtx) {
	path := string(ctx.Path())
	if count, ok := strings.CutPrefix(path, "/json/"); ok {
		a.serveItems(ctx, count)
		return
	}
	switch path {
	case "/baseline11":
		serveSum(ctx)
	case "/pipeline":
		text(ctx, "ok")
	case "/upload":
		serveLength(ctx)
	default:
		a.files(ctx)
	}
}

func text(ctx *fasthttp.RequestCtx, body string) {
	ctx.SetContentType("text/plain")
	ctx.SetBodyString(body)
}

func serveSum(ctx *fasthttp.RequestCtx) {
	args := ctx.QueryArgs()
	sum := args.GetUintOrZero("a") + args.GetUintOrZero("b")
	if ctx.IsPost() {
		n, _ := strconv.Atoi(string(ctx.Request.Body()))
		sum += n
	}
	text(ctx, strconv.Itoa(sum))
}

func serveLength(ctx *fasthttp.RequestCtx) {
	n, err := io.Copy(io.Discard, ctx.RequestBodyStream())
	if err != nil {
		ctx.SetStatusCode(fasthttp.StatusBadRequest)
		return
	}
	text(ctx, strconv.FormatInt(n, 10))
}

func (a *application) serveItems(ctx *fasthttp.RequestCtx, count string) {
	n, err := strconv.Atoi(count)
	if err != nil {
		ctx.SetStatusCode(fasthttp.StatusNotFound)
		return
	}
	body, err := a.items.Document(n, ctx.QueryArgs().GetUintOrZero("m"))
	if err != nil {
		ctx.SetStatusCode(fasthttp.StatusInternalServerError)
		return
	}
	ctx.SetContentType("application/json")
	ctx.SetBody(body)
}
