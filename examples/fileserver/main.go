// Fileserver serves a folder over HTTP.
//
//	go run ./examples/fileserver -dir public
//
// SIGINT and SIGTERM end it in order: downloads that are under way are
// completed, and the exit status is 0. A second signal ends it at once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/static"
	"go.uber.org/automaxprocs/maxprocs"
)

type settings struct {
	addr     string
	dir      string
	list     bool
	dotFiles bool
	log      bool
	grace    time.Duration
}

func main() {
	var s settings
	flag.StringVar(&s.addr, "addr", "127.0.0.1:8080", "`address` to listen on, host:port")
	flag.StringVar(&s.dir, "dir", ".", "`folder` to serve")
	flag.BoolVar(&s.list, "list", true, "list folders that have no index.html")
	flag.BoolVar(&s.dotFiles, "dotfiles", true, "serve names that begin with a dot")
	flag.BoolVar(&s.log, "log", true, "write a line for each request to standard error")
	flag.DurationVar(&s.grace, "grace", 30*time.Second, "how long requests under way may take after a signal")
	flag.Parse()

	err := error(nil)
	if flag.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q: the folder is given with -dir", flag.Arg(0))
	} else {
		err = run(s, os.Stdout, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fileserver:", err)
		os.Exit(1)
	}
}

func run(s settings, out, log io.Writer) error {
	_, _ = maxprocs.Set() // go.mod says go 1.24: the runtime doesn't read CPU quotas itself

	root, dir, err := openFolder(s.dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing was written
	files, err := static.New(root, static.Options{List: s.list, DotFiles: s.dotFiles})
	if err != nil {
		return err
	}
	var o engine.Options
	if s.log {
		o.Hooks.RequestDone = accessLog(log)
	}

	// Signals are caught before the URL is printed: from then on they drain.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ln, err := listen(s.addr)
	if err != nil {
		return err
	}
	srv := engine.New(files, o)
	drained := make(chan error, 1)
	go func() {
		<-ctx.Done()
		stop() // the next signal ends the process at once
		grace, cancel := context.WithTimeout(context.Background(), s.grace)
		defer cancel()
		drained <- srv.Shutdown(grace)
	}()
	fmt.Fprintf(out, "Serving %s on %s\n", dir, urlOf(ln.Addr()))
	if err := srv.Serve(ln); !errors.Is(err, engine.ErrServerClosed) {
		return err
	}
	if err := <-drained; errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("requests were still under way after %v and have been cut", s.grace)
	} else if err != nil {
		return err
	}
	return nil
}

// openFolder opens the folder, and gives its full path to print.
func openFolder(name string) (root *os.Root, dir string, err error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, "", fmt.Errorf("the folder %s does not exist", name)
	case err == nil && !info.IsDir():
		return nil, "", fmt.Errorf("%s is not a folder", name)
	}
	root, err = os.OpenRoot(name)
	if err != nil {
		return nil, "", fmt.Errorf("the folder %s can't be opened: %w", name, err)
	}
	if dir, err = filepath.Abs(name); err != nil {
		dir = name
	}
	return root, dir, nil
}

func listen(addr string) (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: -1} // the engine has timeouts of its own
	ln, err := config.Listen(context.Background(), "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("the address %s is in use by another program: choose another with -addr", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("can't listen on %s: %w", addr, err)
	}
	return ln, nil
}

// urlOf gives a URL that works on this machine.
func urlOf(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port) + "/"
}
