// Command pollard is this engine's server in the comparison, and the one whose memory and fairness the command bounds
// looks at. It answers the paths of package work as the other servers do; what needs more than a line is in routes.go.
package main

import (
	"flag"
	"log"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"

	"github.com/pollard-go/pollard/benchmarks/internal/work"
	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/netpoll"
	_ "go.uber.org/automaxprocs"
)

func main() {
	var o engine.Options
	var rt routes
	flag.StringVar(&o.Addr, "addr", "127.0.0.1:8080", "`address` to listen on")
	flag.Func("mode", "who runs handlers: adaptive (the default), inline or pooled", func(name string) error {
		return o.Dispatch.Mode.UnmarshalText([]byte(name))
	})
	serve := (*engine.Server).ListenAndServe
	flag.Func("transport", "what carries connections: epoll (the default), net or netpoll", func(name string) error {
		if name == "netpoll" {
			serve = func(s *engine.Server) error { return netpoll.ListenAndServe(s, o.Addr) }
			return nil
		}
		return o.Listen.Transport.UnmarshalText([]byte(name))
	})
	cert := flag.String("cert", "", "certificate `file`: serve TLS")
	key := flag.String("key", "", "key `file` of the certificate")
	flag.IntVar(&rt.largeBytes, "large-bytes", 0, "size of what /large answers from memory; 0: there is no such path")
	flag.StringVar(&rt.file, "file", "", "what /file answers by sendfile; none: there is no such path")
	dir := flag.String("files", "", "folder of /files/; none: there is no such path")
	profile := flag.String("cpuprofile", "", "`file` for a CPU profile, written when SIGTERM ends the program; none: no profile")
	flag.Parse()
	if *profile != "" {
		if err := profileUntilSIGTERM(*profile); err != nil {
			log.Fatal(err)
		}
	}
	if err := rt.prepare(*dir); err != nil {
		log.Fatal(err)
	}
	server := engine.New(engine.HandlerFunc(rt.serve), o)
	if *cert != "" {
		log.Fatal(server.ListenAndServeTLS(*cert, *key))
	}
	log.Fatal(serve(server))
}

// profileUntilSIGTERM begins a profile and ends the program with it.
func profileUntilSIGTERM(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go func() {
		<-ended
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			log.Fatal(err)
		}
		os.Exit(0)
	}()
	return nil
}

func (rt *routes) serve(w *engine.Response, r *engine.Request) {
	if path := r.Path(); (work.Has(path) || rt.has(path)) && rt.serveOther(w, r, string(path)) {
		return
	}
	_ = w.SetHeader("Content-Type", work.ContentType)
	_, _ = w.WriteString(work.Hello)
}

// serveOther answers what has an answer of its own.
func (rt *routes) serveOther(w *engine.Response, r *engine.Request, path string) bool {
	if route := rt.find(path); route != nil {
		route(w, r)
		return true
	}
	if contentType, body, ok := work.Reply(path); ok {
		_ = w.SetHeader("Content-Type", contentType)
		_, _ = w.Write(body)
		return true
	}
	work.Before(path)
	return false
}
