package engine_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pollard-go/pollard/engine"
)

// TestEndToEndFields: what a proxy forwards, in order and as sent, with
// Connection on several lines. It allocates nothing.
func TestEndToEndFields(t *testing.T) {
	f := serve(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		for name, value := range r.EndToEndFields() {
			_, _ = fmt.Fprintf(w, "%s: %s\n", name, value)
		}
		n := 0
		if allocated := testing.AllocsPerRun(100, func() {
			for name := range r.EndToEndFields() {
				n += len(name)
			}
		}); allocated > 0 && !raceEnabled {
			t.Errorf("%v allocations", allocated)
		}
		for range r.EndToEndFields() {
			break // is allowed
		}
	})
	c := f.dial()
	c.send("GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nconnection: X-Gone, keep-alive\r\nx-gone: 1\r\nKeep-Alive: 5\r\n" +
		"Proxy-Connection: keep-alive\r\nTE: trailers\r\nUpgrade: x\r\nConnection: ,x-also-gone ,\r\nX-Also-Gone: 2\r\n" +
		"Proxy-Authorization: Basic Og==\r\nTrailer: X-Sum\r\nX-one: 2\r\nExpect: 100-continue\r\nX-Gone2: 3\r\nContent-Length: 0\r\n\r\n")
	c.wants(200, "Host: a\nX-One: 1\nTrailer: X-Sum\nX-one: 2\nExpect: 100-continue\nX-Gone2: 3\nContent-Length: 0\n")
	c.get("/")
	c.wants(200, "Host: a\n")
}

func TestEndToEnd(t *testing.T) {
	connection := []string{"close", "X-A, X-B"}
	for name, want := range map[string]bool{
		"X-A": false, "x-b": false, "X-C": true, "Upgrade": false, "Set-Cookie": true, "Transfer-Encoding": false, "Close": false,
	} {
		if engine.EndToEnd(name, connection) != want {
			t.Errorf("%s: %t", name, !want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { engine.EndToEnd("X-Something", connection) }); n > 0 && !raceEnabled {
		t.Errorf("%v allocations", n)
	}
}

// A proxy forwards the fields that are not for its own connections.
func ExampleRequest_EndToEndFields() {
	url, stop := start(func(w *engine.Response, r *engine.Request) {
		for name, value := range r.EndToEndFields() {
			if strings.HasPrefix(string(name), "X-") {
				_, _ = fmt.Fprintf(w, "%s: %s ", name, value)
			}
		}
	})
	defer stop()
	request, _ := http.NewRequest(http.MethodGet, url, nil)
	request.Header = http.Header{"Connection": {"X-Mine"}, "X-Mine": {"1"}, "X-Yours": {"2"}}
	answer, err := http.DefaultClient.Do(request)
	fmt.Println(told(answer, err))
	// Output: 200 X-Yours: 2
}

// The fields of an answer that a proxy has got are chosen in the same way.
func ExampleEndToEnd() {
	got := http.Header{"Connection": {"close, X-Mine"}, "X-Mine": {"1"}, "Content-Type": {"text/plain"}}
	for name := range got {
		if engine.EndToEnd(name, got["Connection"]) {
			fmt.Println(name)
		}
	}
	// Output: Content-Type
}
