package memory_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/memory"
)

func Example() {
	ln := memory.Listen()
	srv := engine.New(engine.HandlerFunc(func(w *engine.Response, _ *engine.Request) {
		_, _ = w.WriteString("within the process")
	}), engine.Options{})
	go func() { _ = srv.Serve(ln) }()
	defer srv.Close()

	client := &http.Client{Transport: &http.Transport{DialContext: ln.DialContext}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("http://anywhere/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	fmt.Println(string(b))
	// Output: within the process
}

func TestPair(t *testing.T) {
	a, b := memory.Pair(4)
	done := make(chan error, 1)
	go func() { // more than is buffered: it waits
		_, err := io.WriteString(a, "0123456789")
		_ = a.CloseWrite()
		done <- err
	}()
	if got, err := io.ReadAll(b); string(got) != "0123456789" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := io.WriteString(b, "back"); err != nil {
		t.Errorf("the other direction has ended too: %v", err)
	}
	_ = b.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if n, err := io.WriteString(b, "full"); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d, %v", n, err)
	}
	_ = b.SetLinger(0)
	_ = b.Close()
	p := make([]byte, 8)
	if n, err := a.Read(p); string(p[:n]) != "back" || err != nil {
		t.Errorf("%q, %v", p[:n], err)
	}
	if _, err := a.Read(p); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v", err)
	}
	if _, err := b.Read(p); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestListenerClose(t *testing.T) {
	ln := memory.Listen()
	if _, err := ln.Dial(); err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	if _, err := ln.Dial(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v", err)
	}
	if _, err := ln.Accept(); err != nil {
		t.Errorf("what was made before is lost: %v", err)
	}
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v", err)
	}
}
