// Command nethttp is the hello-world server of net/http's documentation, with the program's address as a flag and the
// other paths of package work.
package main

import (
	"flag"
	"log"
	"net/http"

	"github.com/pollard-go/pollard/benchmarks/internal/work/standard"
	_ "go.uber.org/automaxprocs"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	dir := flag.String("files", "", "folder of /files/; none: there is no such path")
	cert := flag.String("cert", "", "certificate file: serve TLS; HTTP/1.1 alone, for the clients speak nothing else")
	key := flag.String("key", "", "key file of the certificate")
	flag.Parse()
	handler := standard.Mux(*dir)
	if *cert != "" {
		log.Fatal(http.ListenAndServeTLS(*addr, *cert, *key, handler))
	}
	log.Fatal(http.ListenAndServe(*addr, handler))
}
