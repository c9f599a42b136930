package conformance

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/programs"
	"github.com/pollard-go/pollard/examples/probe/routes"
)

// TestProxiesWhileReplaced: a server is replaced again and again behind a proxy that
// has no other to turn to. No request is lost, whichever way the successor gets to
// the address: no client is answered by the proxy itself.
func TestProxiesWhileReplaced(t *testing.T) {
	for name, start := range proxies {
		for _, how := range []string{"by SO_REUSEPORT", "by handing over the listener"} {
			t.Run(name+", "+how, func(t *testing.T) {
				r := &replaced{addr: programs.FreeAddr(t)}
				if how != "by SO_REUSEPORT" {
					r.handOver(t)
				}
				r.replace(t)
				proxy := start(t, &server{addr: r.addr})
				var over atomic.Bool
				loaded := make(chan struct{})
				go func() {
					defer close(loaded)
					for !over.Load() && !t.Failed() {
						load(t, 16, 320, func(c *http.Client, i int) error { return roundTrip(c, proxy, i) })
					}
				}()
				for range scale(2, 4, 20) {
					r.replace(t)
				}
				over.Store(true)
				<-loaded
				r.ends(t, r.now, r.down)
			})
		}
	}
}

// replaced is a server that succeeds itself.
type replaced struct {
	addr string
	file *os.File // of a listener that is handed over; nil: SO_REUSEPORT
	now  *engine.Server
	down chan error
}

func (r *replaced) handOver(t *testing.T) {
	t.Helper()
	ln, err := net.Listen("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if r.file, err = ln.(*net.TCPListener).File(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.file.Close() })
}

// replace starts a server, and ends the one before when the new one has answered.
func (r *replaced) replace(t *testing.T) {
	t.Helper()
	o := engine.Options{Addr: r.addr}
	o.Limits.WholeBody = routes.EchoBytes
	o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	o.Listen.ReusePort = r.file == nil
	s, served := engine.New(engine.HandlerFunc(routes.Serve), o), make(chan error, 1)
	if r.file == nil {
		go func() { served <- s.ListenAndServe() }()
	} else {
		ln, err := net.FileListener(r.file)
		if err != nil {
			t.Fatal(err)
		}
		go func() { served <- s.Serve(ln) }()
	}
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	for began := time.Now(); s.Stats().Requests == 0; {
		if resp, err := c.Get("http://" + r.addr + "/"); err == nil {
			_ = resp.Body.Close()
		}
		if time.Since(began) > patience {
			t.Fatal("the successor gets no request")
		}
	}
	before, down := r.now, r.down
	r.now, r.down = s, served
	if before != nil {
		r.ends(t, before, down)
	}
}

func (r *replaced) ends(t *testing.T, s *engine.Server, served chan error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	report, err := s.Drain(ctx)
	if e := <-served; err != nil || !errors.Is(e, engine.ErrServerClosed) || report.Cuts() != 0 {
		t.Errorf("%v, %v, %+v", err, e, report)
	}
}
