// Command nethttp is the hello-world server of net/http's documentation, with the program's address as a flag and the
// paths of package work that take their time.
package main

import (
	"flag"
	"io"
	"log"
	"net/http"

	"github.com/pollard-go/pollard/benchmarks/internal/work"
	_ "go.uber.org/automaxprocs"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	http.HandleFunc("/", hello)
	log.Fatal(http.ListenAndServe(*addr, nil))
}

func hello(w http.ResponseWriter, r *http.Request) {
	work.Before(r.URL.Path)
	w.Header().Set("Content-Type", work.ContentType)
	io.WriteString(w, work.Hello)
}
