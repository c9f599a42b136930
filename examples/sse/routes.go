package main

import (
	_ "embed"
	"encoding/json"

	"github.com/pollard-go/pollard/engine"
)

//go:embed page.html
var page []byte

type app struct {
	server *engine.Server
	clock  *broadcast
}

func (a *app) route(w *engine.Response, r *engine.Request) {
	if m := string(r.Method()); m != "GET" && m != "HEAD" {
		_ = w.SetHeader("Allow", "GET, HEAD")
		_ = w.Error(405, "GET and HEAD are what there is")
		return
	}
	switch string(r.Path()) {
	case "/":
		_ = w.SetHeader("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	case "/events":
		a.events(w, r)
	case "/stats":
		a.stats(w)
	default:
		_ = w.Error(404, "there is /, /events and /stats")
	}
}

// events begins a stream. The head leaves at once, so that the page knows that
// it is connected; retry tells it how soon to come again after the end.
func (a *app) events(w *engine.Response, r *engine.Request) {
	_ = w.SetHeader("Content-Type", "text/event-stream")
	_ = w.SetHeader("Cache-Control", "no-store")
	if string(r.Method()) == "HEAD" {
		return
	}
	_, _ = w.WriteString("retry: 1000\n\n")
	if w.Flush() != nil {
		return // the peer has gone
	}
	if d := w.Detach(); !a.clock.join(d) {
		go func() { _ = d.End() }() // it waits for this handler
	}
}

// stats tells how it goes.
func (a *app) stats(w *engine.Response) {
	b, err := json.MarshalIndent(struct {
		Subscribers, Dropped, Events int64
		Engine                       engine.Stats
	}{a.clock.open.Load(), a.clock.dropped.Load(), a.clock.sent.Load(), a.server.Stats()}, "", "\t")
	if err != nil {
		_ = w.Error(500, "no figures")
		return
	}
	_ = w.SetHeader("Content-Type", "application/json")
	_ = w.SetHeader("Cache-Control", "no-store")
	_, _ = w.Write(append(b, '\n'))
}
