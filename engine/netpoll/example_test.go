package netpoll_test

import (
	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/netpoll"
)

func ExampleListenAndServe() {
	srv := engine.New(engine.HandlerFunc(func(w *engine.Response, _ *engine.Request) {
		_, _ = w.WriteString("Hello, World!")
	}), engine.Options{})
	_ = netpoll.ListenAndServe(srv, "127.0.0.1:8080")
}
