package engine_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestProxyStreams: the example's proxy passes a stream of events on as it comes, and
// gives the request to the origin up when the peer has ended its side.
func TestProxyStreams(t *testing.T) {
	gone := make(chan struct{})
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "data: 1\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	}))
	defer origin.Close()
	defer origin.CloseClientConnections()
	f := serve(t, engine.Options{Close: engine.CloseOptions{HalfClose: engine.HalfCloseCancel}},
		func(w *engine.Response, r *engine.Request) { forward(origin.URL, w, r) })
	c := f.dial()
	c.get("/")
	answer, err := http.ReadResponse(c.r, nil)
	if err != nil {
		t.Fatal(err)
	}
	event := make([]byte, 9)
	if _, err := io.ReadFull(answer.Body, event); err != nil || string(event) != "data: 1\n\n" {
		t.Errorf("%q, %v", event, err)
	}
	c.closeWrite()
	select {
	case <-gone:
	case <-time.After(patience):
		t.Error("the origin still has the request")
	}
}

// TestProxyCutBody: it is the peer's fault, and not the origin's.
func TestProxyCutBody(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer origin.Close()
	f := serve(t, engine.Options{}, func(w *engine.Response, r *engine.Request) { forward(origin.URL, w, r) })
	c := f.dial()
	c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
	c.closeWrite()
	c.wants(400, "the body was cut\n")
}
