// Command hertz is the hello-world server of cloudwego/hertz's documentation, on netpoll as by default, with the
// program's address as a flag and the other paths of package work.
package main

import (
	"context"
	"flag"
	"io"
	"strconv"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/config"
	"github.com/cloudwego/hertz/pkg/common/hlog"
	"github.com/cloudwego/hertz/pkg/protocol/consts"
	"github.com/cloudwego/hertz/pkg/protocol/http1/resp"
	"github.com/pollard-go/pollard/benchmarks/internal/work"
	_ "go.uber.org/automaxprocs"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	stream := flag.Bool("stream", false, "hand bodies to handlers as they arrive; they are refused above 4 MB otherwise")
	flag.Parse()
	hlog.SetLevel(hlog.LevelFatal)
	options := []config.Option{server.WithHostPorts(*addr)}
	if *stream {
		options = append(options, server.WithStreamBody(true))
	}
	h := server.Default(options...)
	h.GET("/", hello)
	h.GET("/*path", other)
	h.POST(work.CountPath, count)
	h.Spin()
}

func hello(_ context.Context, c *app.RequestContext) {
	c.Data(consts.StatusOK, work.ContentType, []byte(work.Hello))
}

func other(ctx context.Context, c *app.RequestContext) {
	path := string(c.Path())
	if path == work.ChunksPath {
		chunks(c)
		return
	}
	if contentType, body, ok := work.Reply(path); ok {
		c.Data(consts.StatusOK, contentType, body)
		return
	}
	work.Before(path)
	hello(ctx, c)
}

func count(_ context.Context, c *app.RequestContext) {
	n := int64(0)
	if c.Request.IsBodyStream() {
		var err error
		if n, err = io.Copy(io.Discard, c.RequestBodyStream()); err != nil {
			c.SetStatusCode(consts.StatusBadRequest)
			return
		}
	} else {
		n = int64(len(c.Request.Body()))
	}
	c.Data(consts.StatusOK, work.ContentType, []byte(strconv.FormatInt(n, 10)))
}

// chunks is what Hertz's documentation calls streaming: the writer replaces that of the whole answer.
func chunks(c *app.RequestContext) {
	c.SetContentType(work.ContentType)
	c.Response.HijackWriter(resp.NewChunkedBodyWriter(&c.Response, c.GetWriter()))
	for range work.Chunks {
		c.Write(work.Chunk)
		c.Flush()
	}
}
