package engine_test

import (
	"context"
	"fmt"
	"net"

	"github.com/pollard-go/pollard/engine"
)

// A restart without a gap: the successor serves on the same socket before the old
// server drains, so nobody is refused. Mostly it is a child process that is given the
// descriptor by exec.Cmd.ExtraFiles, or one that systemd starts (LISTEN_FDS): both find
// it by os.NewFile(3, "listener"). A *net.UnixListener needs SetUnlinkOnClose(false)
// first, or the old server takes its file away.
func ExampleServer_Serve() {
	serve := func(ln net.Listener, name string) *engine.Server {
		srv := engine.New(engine.HandlerFunc(func(w *engine.Response, _ *engine.Request) {
			_, _ = w.WriteString(name)
		}), engine.Options{})
		go srv.Serve(ln) //nolint:errcheck // it ends with the server
		return srv
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	old := serve(ln, "old")
	url := "http://" + ln.Addr().String()
	fmt.Println(get(url))

	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		fmt.Println(err)
		return
	}
	inherited, err := net.FileListener(file) // in the successor
	_ = file.Close()
	if err != nil {
		fmt.Println(err)
		return
	}
	successor := serve(inherited, "successor")
	defer successor.Close() //nolint:errcheck // it is the end

	_ = old.Shutdown(context.Background())
	fmt.Println(get(url))
	// Output:
	// 200 old
	// 200 successor
}
