// Command fasthttp is the hello-world server of valyala/fasthttp's own README, with the program's address as a flag and
// the other paths of package work.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"io"
	"log"
	"strconv"

	"github.com/pollard-go/pollard/benchmarks/internal/work"
	"github.com/valyala/fasthttp"
	_ "go.uber.org/automaxprocs"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	dir := flag.String("files", "", "folder of /files/; none: there is no such path")
	stream := flag.Bool("stream", false, "hand bodies to handlers as they arrive; they are refused above 4 MB otherwise")
	flag.Parse()
	serve := hello
	if *dir != "" {
		serve = withFiles(*dir)
	}
	if !*stream {
		log.Fatal(fasthttp.ListenAndServe(*addr, serve))
	}
	server := &fasthttp.Server{Handler: serve, StreamRequestBody: true}
	log.Fatal(server.ListenAndServe(*addr))
}

// withFiles serves a folder as fasthttp.FS does it by default: it keeps small files in memory and others open.
func withFiles(dir string) fasthttp.RequestHandler {
	files := &fasthttp.FS{Root: dir, AcceptByteRange: true, PathRewrite: fasthttp.NewPathSlashesStripper(1)}
	serveFile := files.NewRequestHandler()
	return func(ctx *fasthttp.RequestCtx) {
		if bytes.HasPrefix(ctx.Path(), []byte(work.FilesPrefix)) {
			serveFile(ctx)
			return
		}
		hello(ctx)
	}
}

func hello(ctx *fasthttp.RequestCtx) {
	if path := ctx.Path(); work.Has(path) && other(ctx, string(path)) {
		return
	}
	ctx.SetContentType(work.ContentType)
	ctx.WriteString(work.Hello)
}

// other answers what has an answer of its own.
func other(ctx *fasthttp.RequestCtx, path string) bool {
	switch path {
	case work.CountPath:
		count(ctx)
		return true
	case work.ChunksPath:
		ctx.SetContentType(work.ContentType)
		ctx.SetBodyStreamWriter(chunks)
		return true
	}
	contentType, body, ok := work.Reply(path)
	if ok {
		ctx.SetContentType(contentType)
		ctx.SetBody(body)
		return true
	}
	work.Before(path)
	return false
}

func count(ctx *fasthttp.RequestCtx) {
	n := int64(0)
	if body := ctx.RequestBodyStream(); body != nil {
		var err error
		if n, err = io.Copy(io.Discard, body); err != nil {
			ctx.SetStatusCode(fasthttp.StatusBadRequest)
			return
		}
	} else {
		n = int64(len(ctx.Request.Body()))
	}
	ctx.SetContentType(work.ContentType)
	ctx.SetBodyString(strconv.FormatInt(n, 10))
}

func chunks(w *bufio.Writer) {
	for range work.Chunks {
		w.Write(work.Chunk)
		w.Flush()
	}
}
