// Command pollard is this engine's application for the HttpArena board; README.md of the folder above says what for.
package main

import (
	"bytes"
	"flag"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"

	"github.com/pollard-go/pollard/benchmarks/internal/work"
	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/static"
	_ "go.uber.org/automaxprocs"
)

func main() {
	var o engine.Options
	flag.StringVar(&o.Addr, "addr", ":8080", "`address` to listen on")
	data := flag.String("data", "/data", "`folder` that the board mounts")
	flag.Parse()
	app, err := newApplication(*data)
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(engine.New(app, o).ListenAndServe())
}

type application struct {
	items work.ArenaSet
	files *static.Handler
}

func newApplication(dir string) (*application, error) {
	items, err := work.LoadArena(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(filepath.Join(dir, "static"))
	if err != nil {
		return nil, err
	}
	files, err := static.New(root, static.Options{
		Prefix:       "/static",
		ContentTypes: map[string]string{".js": "application/javascript"}, // as the board's check wants it
	})
	return &application{items, files}, err
}

// ServeHTTP implements engine.Handler.
func (a *application) ServeHTTP(w *engine.Response, r *engine.Request) {
	path := r.Path()
	if count, ok := bytes.CutPrefix(path, []byte("/json/")); ok {
		a.serveItems(w, r, string(count))
		return
	}
	switch string(path) {
	case "/baseline11":
		serveSum(w, r)
	case "/pipeline":
		text(w, []byte("ok"))
	case "/upload":
		serveLength(w, r)
	default:
		a.files.ServeHTTP(w, r)
	}
}

func text(w *engine.Response, body []byte) {
	_ = w.SetHeader("Content-Type", "text/plain")
	_, _ = w.Write(body)
}

func serveSum(w *engine.Response, r *engine.Request) {
	sum := number(r, "a") + number(r, "b")
	if string(r.Method()) == "POST" {
		body, err := r.ReadAll()
		if err != nil {
			return // the engine has answered or will
		}
		n, _ := strconv.Atoi(string(body))
		sum += n
	}
	var digits [20]byte
	text(w, strconv.AppendInt(digits[:0], int64(sum), 10))
}

func number(r *engine.Request, name string) int {
	value, _ := r.QueryValue(name)
	n, _ := strconv.Atoi(value)
	return n
}

func serveLength(w *engine.Response, r *engine.Request) {
	n, err := io.Copy(io.Discard, r.Body())
	if err != nil {
		return
	}
	var digits [20]byte
	text(w, strconv.AppendInt(digits[:0], n, 10))
}

func (a *application) serveItems(w *engine.Response, r *engine.Request, count string) {
	n, err := strconv.Atoi(count)
	if err != nil {
		_ = w.SetStatus(404)
		return
	}
	body, err := a.items.Document(n, number(r, "m"))
	if err != nil {
		_ = w.SetStatus(500)
		return
	}
	_ = w.SetHeader("Content-Type", "application/json")
	_ = w.SetContentLength(int64(len(body))) // more than is gathered without one, which would be sent in chunks
	_, _ = w.Write(body)
}
