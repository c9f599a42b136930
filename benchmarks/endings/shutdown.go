package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// tally is what the clients of one server saw, in all rounds.
type tally struct {
	sent     atomic.Int64 // requests
	answered atomic.Int64 // whole
	told     atomic.Int64 // not answered, after an answer that said close
	lost     atomic.Int64 // not answered, and nobody had said so
	broken   atomic.Int64 // of the lost: the answer began
	worst    time.Duration
	late     int // Shutdowns that did not end by themselves
}

// shutdowns prints the first table.
func shutdowns(o *options, out io.Writer) error {
	fmt.Fprintf(out, "%d shutdowns with %d clients that pipeline %d requests\n\n", o.rounds, o.busy, o.depth)
	fmt.Fprintln(out, "| server | requests sent | answered | told to send again | lost | of these cut in the answer | slowest Shutdown |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|")
	for _, s := range servers(o) {
		var t tally
		for range o.rounds {
			if err := t.round(o, s); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		slowest := t.worst.Round(time.Millisecond).String()
		if t.late > 0 {
			slowest = fmt.Sprintf("cut after %v, %d times", o.patience, t.late)
		}
		fmt.Fprintf(out, "| %s | %d | %d | %d | %d | %d | %s |\n", s.name,
			t.sent.Load(), t.answered.Load(), t.told.Load(), t.lost.Load(), t.broken.Load(), slowest)
	}
	return nil
}

// round starts a server, shuts it down in the midst of the load, when each client has got an answer, and waits for all.
func (t *tally) round(o *options, s server) error {
	r := s.start()
	defer r.closes()
	var clients, served sync.WaitGroup
	failed := make(chan error, o.busy)
	for range o.busy {
		c, err := net.DialTimeout("tcp", r.addr, o.patience)
		if err != nil {
			return err
		}
		clients.Add(1)
		served.Add(1)
		go func() {
			defer clients.Done()
			defer c.Close()
			once := sync.OnceFunc(served.Done)
			defer once()
			if err := t.client(o, c, once); err != nil {
				failed <- err
			}
		}()
	}
	served.Wait()
	time.Sleep(20*time.Millisecond + rand.N(20*time.Millisecond))
	ctx, cancel := context.WithTimeout(context.Background(), o.patience)
	defer cancel()
	began := time.Now()
	if err := r.shutdown(ctx); err != nil {
		t.late++
	}
	t.worst = max(t.worst, time.Since(began))
	r.closes()
	clients.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// client keeps the connection busy until it ends, for whatever reason. It calls served after each answer.
func (t *tally) client(o *options, c net.Conn, served func()) error {
	_ = c.SetDeadline(time.Now().Add(2 * o.patience))
	in := bufio.NewReader(c)
	batch := strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", o.depth)
	for {
		if rand.IntN(4) == 0 {
			time.Sleep(rand.N(5 * time.Millisecond))
		}
		t.sent.Add(int64(o.depth))
		if _, err := io.WriteString(c, batch); err != nil {
			t.lost.Add(int64(o.depth))
			return nil
		}
		for i := range o.depth {
			left := int64(o.depth - i)
			if _, err := in.Peek(1); err != nil {
				t.lost.Add(left)
				return nil
			}
			resp, err := http.ReadResponse(in, nil)
			var body []byte
			if err == nil {
				body, err = io.ReadAll(resp.Body)
			}
			if err != nil {
				t.lost.Add(left)
				t.broken.Add(1)
				return nil
			}
			if resp.StatusCode != 200 || string(body) != content {
				return fmt.Errorf("got %s %q", resp.Status, body)
			}
			t.answered.Add(1)
			served()
			if resp.Close {
				t.told.Add(left - 1)
				return nil
			}
		}
	}
}
