// Command nethttp is the hello-world server of net/http's documentation, with the program's address as a flag and a path
// that blocks.
package main

import (
	"flag"
	"io"
	"log"
	"net/http"
	"time"

	_ "go.uber.org/automaxprocs"
)

const slowAnswer = 20 * time.Millisecond

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	http.HandleFunc("/", hello)
	http.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(slowAnswer)
		hello(w, r)
	})
	log.Fatal(http.ListenAndServe(*addr, nil))
}

func hello(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, "Hello, World!")
}
