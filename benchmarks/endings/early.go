package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// early is what clients got that were answered before they had sent all.
type early struct {
	whole  atomic.Int64 // sent all and read the whole answer
	unsent atomic.Int64 // could not send all; the answer was there
	none   atomic.Int64 // got no answer, or not all of it
}

// earlyAnswers prints the second table.
func earlyAnswers(o *options, out io.Writer) error {
	fmt.Fprintf(out, "%d clients that send %d bytes and are answered 413 at once, %d at a time\n\n", o.clients, o.upload, o.together)
	fmt.Fprintln(out, "| server | sent all, read the whole answer | could not send all, but read the answer | got no whole answer | took |")
	fmt.Fprintln(out, "|---|---|---|---|---|")
	for _, s := range servers(o) {
		r := s.start()
		var e early
		began := time.Now()
		e.all(o, r.addr)
		took := time.Since(began)
		r.closes()
		fmt.Fprintf(out, "| %s | %d | %d | %d | %v |\n", s.name,
			e.whole.Load(), e.unsent.Load(), e.none.Load(), took.Round(100*time.Millisecond))
	}
	return nil
}

// all has the clients come, some at a time.
func (e *early) all(o *options, addr string) {
	var wg sync.WaitGroup
	tickets := make(chan struct{}, o.together)
	for range o.clients {
		tickets <- struct{}{}
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer func() { <-tickets }()
			switch sent, err := client(o, addr); {
			case err != nil:
				e.none.Add(1)
			case sent:
				e.whole.Add(1)
			default:
				e.unsent.Add(1)
			}
		}()
	}
	wg.Wait()
}

// piece is what clients send again and again.
var piece = make([]byte, 64<<10)

// client sends everything, and reads then. The error is that of reading.
func client(o *options, addr string) (sent bool, err error) {
	c, err := net.DialTimeout("tcp", addr, o.patience)
	if err != nil {
		return sent, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(6 * o.patience))
	_, err = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", o.upload)
	for left := o.upload; left > 0 && err == nil; {
		n := 0
		n, err = c.Write(piece[:min(left, len(piece))])
		left -= n
	}
	sent = err == nil // there may be an answer in any case
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return sent, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return sent, err
	}
	if resp.StatusCode != 413 || string(body) != content {
		return sent, errors.New("another answer")
	}
	return sent, nil
}
