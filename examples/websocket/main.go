// Websocket sends back what it is sent, over WebSocket (RFC 6455):
//
//	go -C examples/websocket run .
//
//	GET /        switches to WebSocket; each message comes back
//	GET /stats   the engine's counters, as JSON
//
// It shows Response.Hijack: the handler checks the handshake, sets status 101,
// takes the connection and returns. From then on the connection costs a goroutine
// and a reader of 512 bytes; frames are github.com/gobwas/ws's business. SIGINT
// and SIGTERM end the conversations with status 1001, then the server; a second
// signal ends it at once.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pollard-go/pollard/engine"
	"go.uber.org/automaxprocs/maxprocs"
)

// grace is how long connections may take to end after a signal.
const grace = 35 * time.Second

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on, host:port")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the next signal ends the process at once
	if err := run(ctx, *addr); err != nil {
		fmt.Fprintln(os.Stderr, "websocket:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, then ends the conversations and drains.
func run(ctx context.Context, addr string) error {
	_, _ = maxprocs.Set() // go.mod says go 1.24: the runtime doesn't read CPU quotas itself

	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("listening on %s\n", ln.Addr())
	s := newSite()
	drained := make(chan error, 1)
	go func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		drained <- s.srv.Shutdown(end)
	}()
	if err := s.srv.Serve(ln); !errors.Is(err, engine.ErrServerClosed) {
		return err
	}
	return <-drained
}

// site is the server with its conversations.
type site struct {
	srv   *engine.Server
	talks conversations
}

func newSite() *site {
	s := new(site)
	var o engine.Options
	// Shutdown waits until the conversations have ended, which it does not do itself.
	o.Close.WaitHijacked = true
	o.Hooks.Draining = s.talks.end
	s.srv = engine.New(engine.HandlerFunc(s.serve), o)
	return s
}

func (s *site) serve(w *engine.Response, r *engine.Request) {
	switch string(r.Path()) {
	case "/":
		c, err := upgrade(w, r)
		if err != nil {
			_, _ = w.WriteString(err.Error() + "\n")
			return
		}
		go s.talks.hold(c) // the handler's goroutine is one of a bounded number
	case "/stats":
		b, _ := json.Marshal(s.srv.Stats())
		_ = w.SetHeader("Content-Type", "application/json")
		_, _ = w.Write(b)
	default:
		_ = w.Error(404, "there is / and /stats")
	}
}
