package micro

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/pollard-go/pollard/engine"
	"github.com/valyala/fasthttp"
)

// BenchmarkSocket is a request through a socket and its answer through the same, of one client that waits for it: the
// wake-ups of both sides are most of it. With 16 at a time there are fewer of them.
func BenchmarkSocket(b *testing.B) {
	for _, s := range []struct {
		name  string
		serve func(net.Listener)
	}{
		{"pollard", func(l net.Listener) {
			_ = engine.New(engine.HandlerFunc(helloPollard), engine.Options{}).Serve(l)
		}},
		{"fasthttp", func(l net.Listener) { _ = fasthttp.Serve(l, helloFasthttp) }},
		{"nethttp", func(l net.Listener) { _ = http.Serve(l, http.HandlerFunc(helloNetHTTP)) }},
	} {
		b.Run("one/"+s.name, func(b *testing.B) { askThroughSocket(b, s.serve, 1) })
		b.Run("pipelined16/"+s.name, func(b *testing.B) { askThroughSocket(b, s.serve, 16) })
	}
}

func helloPollard(w *engine.Response, _ *engine.Request) {
	_ = w.SetHeader("Content-Type", "text/plain")
	_, _ = w.Write(helloBody)
}

// askThroughSocket sends depth requests at a time and waits for their answers.
func askThroughSocket(b *testing.B, serve func(net.Listener), depth int) {
	listener := listenLocal(b)
	defer listener.Close()
	go serve(listener)
	client, err := net.Dial("unix", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	one := []byte(smallHead)
	answer := make([]byte, 64<<10)
	size := ask(b, client, one, answer, 0)
	requests := bytes.Repeat(one, depth)
	b.ReportAllocs()
	for b.Loop() {
		ask(b, client, requests, answer, size*depth)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*depth), "ns/request")
}

// ask sends requests and reads answers of size bytes; with size 0, one answer, whose size it returns.
func ask(b *testing.B, client net.Conn, requests, answer []byte, size int) int {
	if _, err := client.Write(requests); err != nil {
		b.Fatal(err)
	}
	n := 0
	for n < size || size == 0 && !bytes.HasSuffix(answer[:n], helloBody) {
		k, err := client.Read(answer[n:])
		if err != nil {
			if err == io.EOF {
				b.Fatal("the server ends the connection")
			}
			b.Fatal(err)
		}
		n += k
	}
	return n
}

// listenLocal listens on a socket of the file system, which has no network in its way.
func listenLocal(b *testing.B) net.Listener {
	listener, err := net.Listen("unix", filepath.Join(b.TempDir(), "socket"))
	if err != nil {
		b.Fatal(err)
	}
	return listener
}
