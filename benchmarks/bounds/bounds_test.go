package main

import (
	"bytes"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func parse(args ...string) (*options, error) {
	flags := flag.NewFlagSet("bounds", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return parseOptions(flags, args)
}

func TestOptions(t *testing.T) {
	o, err := parse("-checks", "flood,upload", "-modes", "adaptive,pooled", "-full")
	if err != nil {
		t.Fatal(err)
	}
	if len(o.checks) != 2 || len(o.modes) != 2 || o.uploadBytes != 1e9 || o.uploadRate != 10e6 {
		t.Errorf("got %+v", o)
	}
	for _, args := range [][]string{
		{"-checks", "none"}, {"-modes", "fast"}, {"-readers", "0"}, {"-duration", "1500ms"}, {"-server-cpu", "1", "-client-cpu", "1"}, {"stray"},
	} {
		if _, err := parse(args...); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

func TestComparisonIsRoundByRound(t *testing.T) {
	var c comparison
	c.add(100, 90)
	c.add(10, 9)
	c.add(100, 1000)
	if c.ratio() != 0.9 || c.alone() != 100 || c.beside() != 90 {
		t.Errorf("got %v", c)
	}
}

func TestCountAnswers(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!"
	n, err := countAnswers(strings.NewReader(strings.Repeat(answer, 10_000) + "HTTP/1.1 400 Bad Request\r\n\r\n"))
	if n != 10_000 || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
}

// The requests must be whole even though they are written in pieces of any size.
func TestRepeatedGoesOnWhereItStopped(t *testing.T) {
	const copies = 3 * blockUnits / 2
	pending := repeated{unit: []byte(smallGet), left: copies * int64(len(smallGet))}
	near, far := net.Pipe()
	got := make(chan []byte)
	go func() {
		var all []byte
		for piece := make([]byte, 7777); ; {
			n, err := far.Read(piece)
			all = append(all, piece[:n]...)
			if err != nil {
				got <- all
				return
			}
			if len(all) < 100_000 && len(all) > 20_000 {
				time.Sleep(5 * time.Millisecond)
			}
		}
	}()
	for pending.left > 0 {
		near.SetWriteDeadline(time.Now().Add(2 * time.Millisecond))
		pending.write(near) // is interrupted by the deadline
	}
	near.Close()
	if all := <-got; string(all) != strings.Repeat(smallGet, copies) {
		t.Errorf("%d bytes arrived, and not what was to be sent", len(all))
	}
}

func TestDownload(t *testing.T) {
	const size = 3 << 20
	input, stop := io.Pipe()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(size))
		w.Write(make([]byte, 100)) // some of the content comes with the head
		w.Write(make([]byte, size-100))
		if asked.Add(1) == 3 { // one of the two has come back
			stop.Close()
		}
	}))
	defer server.Close()
	var output bytes.Buffer
	if err := download(server.Listener.Addr().String(), 2, input, &output); err != nil {
		t.Fatal(err)
	}
	if total, err := strconv.Atoi(strings.TrimSpace(output.String())); err != nil || total < size {
		t.Errorf("got %q", output.String())
	}
}
