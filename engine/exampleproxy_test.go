package engine_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/pollard-go/pollard/engine"
)

// forward answers as origin does.
func forward(origin string, w *engine.Response, r *engine.Request) {
	in, out := io.Pipe()
	req, err := http.NewRequestWithContext(r.Context(), string(r.Method()), origin+string(r.Path()), in)
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
	switch {
	case err == nil:
		defer answer.Body.Close()
	case cut != nil && !errors.Is(cut, io.ErrClosedPipe):
		_ = w.Error(400, "the body was cut")
		return
	default:
		_ = w.Error(502, "no answer")
		return
	}
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
	var to io.Writer = w
	if answer.ContentLength < 0 {
		to = prompt{w}
	}
	if _, err := io.Copy(to, answer.Body); err != nil {
		panic(engine.ErrAbort) // the peer is to see that the rest is missing
	}
}

// prompt sends what it is given at once.
type prompt struct{ w *engine.Response }

func (p prompt) Write(content []byte) (int, error) {
	n, err := p.w.Write(content)
	if err == nil {
		err = p.w.Flush()
	}
	return n, err
}

// A reverse proxy by means of net/http's client. That reads a body in a goroutine of
// its own, so it gets one end of a pipe, and the handler copies what its peer sends
// into the other. The origin's answer is looked at when that has been done: it ends
// early if the client gives up the pipe. An answer of unknown length may be a stream of
// events, so each piece of it is passed on at once: a Response gathers.
//
// That a peer has gone is seen when it is written to. HalfCloseCancel ends the context,
// and with it the request to the origin, as soon as the peer ends its side.
func ExampleBody() {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, strings.ToUpper(string(body)))
	}))
	defer origin.Close()

	proxy, stop := start(func(w *engine.Response, r *engine.Request) { forward(origin.URL, w, r) })
	defer stop()
	answer, err := http.Post(proxy+"x?y", "text/plain", strings.NewReader("hello"))
	fmt.Println(told(answer, err))
	// Output: 200 HELLO
}
