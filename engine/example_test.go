package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// A server in a few lines: it listens, answers, and ends in order.
func Example() {
	srv := engine.New(engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
		_ = w.SetHeader("Content-Type", "text/plain")
		_, _ = w.WriteString("Hello, " + string(r.Path()) + "!")
	}), engine.Options{})

	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	served := make(chan error)
	go func() { served <- srv.Serve(ln) }()

	fmt.Println(get("http://" + ln.Addr().String() + "/world"))

	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(srv.Shutdown(grace), errors.Is(<-served, engine.ErrServerClosed))
	// Output:
	// 200 Hello, /world!
	// <nil> true
}

// A body streams through a bounded amount of memory, whatever its length.
func ExampleBody_Read() {
	url, stop := start(func(w *engine.Response, r *engine.Request) {
		n, err := io.Copy(io.Discard, r.Body())
		_, _ = fmt.Fprintf(w, "%d bytes, %v", n, err)
	})
	defer stop()
	answer, err := http.Post(url, "text/plain", strings.NewReader(strings.Repeat("x", 1<<20)))
	fmt.Println(told(answer, err))
	// Output: 200 1048576 bytes, <nil>
}

// A body that is small enough can be had in one piece.
func ExampleRequest_ReadAll() {
	url, stop := start(func(w *engine.Response, r *engine.Request) {
		body, err := r.ReadAll()
		if errors.Is(err, engine.ErrBodyTooLarge) {
			_ = w.SetStatus(413)
			return
		}
		_, _ = fmt.Fprintf(w, "%s %q", r.Method(), body)
	})
	defer stop()
	answer, err := http.Post(url, "text/plain", strings.NewReader("ping"))
	fmt.Println(told(answer, err))
	// Output: 200 POST "ping"
}

// A file leaves by sendfile(2). The response closes it.
func ExampleResponse_SendFile() {
	url, stop := start(func(w *engine.Response, r *engine.Request) {
		f, err := os.Open("testdata/greeting.txt")
		if err != nil {
			_ = w.SetStatus(404)
			return
		}
		_ = w.SendFile(f, 0, -1)
	})
	defer stop()
	fmt.Println(get(url))
	// Output: 200 Hello from a file.
}

// A handler that is known to block says so, and never holds an event loop.
func ExamplePooled() {
	slow := engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
		time.Sleep(5 * time.Millisecond)
		_, _ = w.WriteString("done")
	})
	url, stop := start(engine.Pooled(slow).ServeHTTP)
	defer stop()
	fmt.Println(get(url))
	// Output: 200 done
}

// A long poll: the handler returns, and whoever has the news ends the answer. No
// goroutine waits for that.
func ExampleResponse_Detach() {
	waiting := make(chan *engine.Detached, 1)
	url, stop := start(func(w *engine.Response, r *engine.Request) {
		_ = w.SetHeader("Content-Type", "text/plain")
		waiting <- w.Detach()
	})
	defer stop()
	go func() {
		d := <-waiting
		_, _ = d.WriteString("news")
		_ = d.End()
	}()
	fmt.Println(get(url))
	// Output: 200 news
}

// What takes long looks at the request's context.
func ExampleRequest_Context() {
	why := make(chan error, 1)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	srv := engine.New(engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
		<-r.Context().Done()
		why <- context.Cause(r.Context())
		_ = w.Error(503, "too busy")
	}), engine.Options{Timeouts: engine.TimeoutOptions{Request: 10 * time.Millisecond}})
	go func() { _ = srv.Serve(ln) }()
	defer srv.Close() //nolint:errcheck // it is the end
	fmt.Print(get("http://" + ln.Addr().String() + "/"))
	fmt.Println(<-why)
	// Output:
	// 503 too busy
	// engine: the request has taken too long
}

// Certificates are read again when their files change.
func ExampleServer_ListenAndServeTLS() {
	hello := engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
		_, _ = w.WriteString(r.TLS().ServerName)
	})
	srv := engine.New(hello, engine.Options{Addr: ":8443"})
	if err := srv.ListenAndServeTLS("cert.pem", "key.pem"); !errors.Is(err, engine.ErrServerClosed) {
		fmt.Println(err)
	}
}

// A wrong option stops the server at its start, and is named.
func ExampleOptionError() {
	var o engine.Options
	o.Limits.Fields = -1
	err := engine.New(engine.HandlerFunc(func(*engine.Response, *engine.Request) {}), o).ListenAndServe()
	var wrong *engine.OptionError
	fmt.Println(errors.As(err, &wrong), wrong.Field)
	fmt.Println(err)
	// Output:
	// true Limits.Fields
	// engine: Options.Limits.Fields: -1 is negative
}

// start serves the handler until stop is called.
func start(h engine.HandlerFunc) (url string, stop func()) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	srv := engine.New(h, engine.Options{})
	served := make(chan error)
	go func() { served <- srv.Serve(ln) }()
	return "http://" + ln.Addr().String() + "/", func() {
		_ = srv.Shutdown(context.Background())
		<-served
	}
}

func get(url string) string { return told(http.Get(url)) }

// told returns an answer's status and content.
func told(answer *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close() //nolint:errcheck // it is read whole
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", answer.StatusCode, content)
}
