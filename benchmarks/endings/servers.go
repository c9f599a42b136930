package main

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/pollard-go/pollard/engine"
	"github.com/valyala/fasthttp"
)

// content is every answer's.
const content = "Hello, World!"

// dawdle has a handler take some time now and then, as handlers do.
func dawdle() {
	if rand.IntN(8) == 0 {
		time.Sleep(rand.N(time.Millisecond))
	}
}

// server is one that is compared. Its handler answers a POST with 413, without reading the body, and a GET with content.
type server struct {
	name  string
	start func() running
}

// running is a server that serves.
type running struct {
	addr     string
	shutdown func(context.Context) error
	closes   func()
}

func servers(o *options) []server {
	return []server{
		{"Pollard, adaptive", func() running { return startPollard(o, engine.ModeAdaptive) }},
		{"Pollard, inline", func() running { return startPollard(o, engine.ModeInline) }},
		{"Pollard, pooled", func() running { return startPollard(o, engine.ModePooled) }},
		{"net/http", startNetHTTP},
		{"fasthttp", startFasthttp},
	}
}

// listen panics if there is no port: nothing can be compared then.
func listen() net.Listener {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return ln
}

func startPollard(c *options, mode engine.Mode) running {
	o := engine.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	o.Dispatch.Mode = mode
	o.Close.Hold, o.Close.DrainLinger, o.Close.LingerIdle = c.waits, c.waits, c.waits
	srv := engine.New(engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
		if string(r.Method()) == http.MethodPost {
			_ = w.SetStatus(413)
		} else {
			dawdle()
		}
		_, _ = w.WriteString(content)
	}), o)
	ln := listen()
	go srv.Serve(ln) //nolint:errcheck // it ends with the server
	return running{ln.Addr().String(), srv.Shutdown, func() { _ = srv.Close() }}
}

func startNetHTTP() running {
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(413)
		} else {
			dawdle()
		}
		_, _ = io.WriteString(w, content)
	}), ReadHeaderTimeout: time.Minute}
	ln := listen()
	go srv.Serve(ln) //nolint:errcheck // it ends with the server
	return running{ln.Addr().String(), srv.Shutdown, func() { _ = srv.Close() }}
}

// startFasthttp has fasthttp say that it closes, which it does not do by default. It answers bodies above 4 MB with 413 by
// itself; with bodies that stream, as here, the handler does.
func startFasthttp() running {
	srv := &fasthttp.Server{
		CloseOnShutdown: true, StreamRequestBody: true,
		Handler: func(c *fasthttp.RequestCtx) {
			if c.IsPost() {
				c.SetStatusCode(413)
				c.SetConnectionClose()
			} else {
				dawdle()
			}
			c.SetBodyString(content)
		},
		Logger: silent{},
	}
	ln := listen()
	go srv.Serve(ln) //nolint:errcheck // it ends with the server
	return running{ln.Addr().String(), srv.ShutdownWithContext, func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = srv.ShutdownWithContext(ctx)
	}}
}

type silent struct{}

func (silent) Printf(string, ...any) {}
