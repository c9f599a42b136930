package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// A server tells its balancer first, drains, and says what became of its
// connections.
func ExampleServer_Drain() {
	var srv *engine.Server
	health := func(w *engine.Response, _ *engine.Request) {
		if srv.Draining() {
			_ = w.SetStatus(503) // the balancer turns to others
		}
		_, _ = fmt.Fprint(w, "draining: ", srv.Draining())
	}
	srv = engine.New(engine.HandlerFunc(health), engine.Options{
		Close: engine.CloseOptions{Notice: 50 * time.Millisecond}, // more than the balancer's interval
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go srv.Serve(ln) //nolint:errcheck // it ends with the server
	fmt.Println(get("http://" + ln.Addr().String() + "/health"))

	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	report, err := srv.Drain(grace)
	fmt.Println(report.Cuts(), "cut,", report.UnsentBytes, "bytes lost,", err)
	// Output:
	// 200 draining: false
	// 0 cut, 0 bytes lost, <nil>
}

// A handler can end the server: it is answered as a part of the drain.
func ExampleServer_Shutdown_byHandler() {
	var srv *engine.Server
	drained := make(chan engine.DrainReport, 1)
	srv = engine.New(engine.HandlerFunc(func(w *engine.Response, _ *engine.Request) {
		err := srv.Shutdown(context.Background())
		_, _ = fmt.Fprint(w, errors.Is(err, engine.ErrDraining))
	}), engine.Options{Hooks: engine.Hooks{
		Drained: func(r engine.DrainReport, _ error) { drained <- r },
	}})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go srv.Serve(ln) //nolint:errcheck // it ends with the server
	fmt.Println(get("http://" + ln.Addr().String() + "/end"))
	r := <-drained
	fmt.Println(r.Requests, "request,", r.Cuts(), "cut")
	// Output:
	// 200 true
	// 1 request, 0 cut
}

// Hooks are told of each connection and of each request.
func ExampleHooks() {
	var hooks engine.Hooks
	hooks.RequestDone = func(r engine.RequestRecord) {
		fmt.Printf("%s %s %d %d\n", r.Method, r.Target, r.Status, r.Content)
	}
	hooks.Closed = func(_ engine.ConnInfo, end engine.ConnEnd) {
		fmt.Println(end.Requests, "request, closed:", end.Reason)
	}
	srv := engine.New(engine.HandlerFunc(hello), engine.Options{Hooks: hooks})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go srv.Serve(ln) //nolint:errcheck // it ends with the server
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = fmt.Fprint(c, "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	_, _ = c.Read(make([]byte, 1000))
	_ = c.Close()
	_ = srv.Shutdown(context.Background())
	// Output:
	// GET /hello 200 5
	// 1 request, closed: peer asked
}
