package engine_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/pollard-go/pollard/engine"
)

// A reverse proxy by means of net/http's client. That reads a body in a goroutine of
// its own, so it gets one end of a pipe, and the handler copies what its peer sends
// into the other. The origin's answer is looked at when that has been done: it ends
// early if the client gives up the pipe.
func ExampleBody() {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, strings.ToUpper(string(body)))
	}))
	defer origin.Close()

	proxy, stop := start(func(w *engine.Response, r *engine.Request) {
		in, out := io.Pipe()
		req, err := http.NewRequestWithContext(r.Context(), string(r.Method()), origin.URL+string(r.Path()), in)
		if err != nil {
			_ = w.Error(400, "this can't be forwarded")
			return
		}
		req.URL.RawQuery, req.ContentLength = string(r.Query()), r.ContentLength()
		if req.ContentLength == 0 {
			req.Body = http.NoBody
			_ = in.Close()
		}
		for name, value := range r.EndToEndFields() {
			req.Header.Add(string(name), string(value))
		}
		var answer *http.Response
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			answer, err = http.DefaultTransport.RoundTrip(req)
		}()
		_, cut := io.Copy(out, r.Body())
		_ = out.CloseWithError(cut) // nil is the end
		<-answered
		if err != nil {
			_ = w.Error(502, "no answer")
			return
		}
		defer answer.Body.Close()
		_ = w.SetStatus(answer.StatusCode)
		connection := answer.Header.Values("Connection")
		for name, values := range answer.Header {
			if !engine.EndToEnd(name, connection) {
				continue
			}
			for _, value := range values {
				_ = w.AddHeader(name, value)
			}
		}
		if _, err := io.Copy(w, answer.Body); err != nil {
			panic(engine.ErrAbort) // the peer is to see that the rest is missing
		}
	})
	defer stop()
	answer, err := http.Post(proxy+"x?y", "text/plain", strings.NewReader("hello"))
	fmt.Println(told(answer, err))
	// Output: 200 HELLO
}
