// Command gnet is a server on panjf2000/gnet, which has no HTTP: what is here is the least that answers right. It finds
// the empty line, the path and a Connection field, checks nothing else, and knows no bodies. What a server in use would
// have to do on top is in none of its figures.
package main

import (
	"bytes"
	"flag"
	"log"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"
	"github.com/pollard-go/pollard/benchmarks/internal/work"
	_ "go.uber.org/automaxprocs"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()
	s := &server{}
	s.setDate(time.Now())
	log.Fatal(gnet.Run(s, "tcp://"+*addr, gnet.WithMulticore(true), gnet.WithTicker(true)))
}

type server struct {
	gnet.BuiltinEventEngine
	// date is the value of the field, made once a second.
	date atomic.Pointer[string]
}

func (s *server) setDate(now time.Time) {
	text := now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	s.date.Store(&text)
}

// OnTick keeps the date.
func (s *server) OnTick() (time.Duration, gnet.Action) {
	s.setDate(time.Now())
	return time.Second, gnet.None
}

// connection keeps the answers of one event, which leave in one write.
type connection struct{ answers []byte }

// OnOpen implements gnet.EventHandler.
func (s *server) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	c.SetContext(&connection{})
	return nil, gnet.None
}

// OnTraffic answers all heads that have arrived whole.
func (s *server) OnTraffic(c gnet.Conn) gnet.Action {
	input, err := c.Peek(-1)
	if err != nil {
		return gnet.Close
	}
	state := c.Context().(*connection)
	state.answers = state.answers[:0]
	taken, closing := 0, false
	for !closing {
		end := bytes.Index(input[taken:], []byte("\r\n\r\n"))
		if end < 0 {
			break
		}
		head := input[taken : taken+end+4]
		taken += len(head)
		closing = bytes.Contains(head, []byte("\r\nConnection: close\r\n"))
		state.answers = s.appendAnswer(state.answers, pathOf(head), closing)
	}
	if _, err := c.Discard(taken); err != nil {
		return gnet.Close
	}
	if _, err := c.Write(state.answers); err != nil || closing {
		return gnet.Close
	}
	return gnet.None
}

func pathOf(head []byte) []byte {
	_, rest, _ := bytes.Cut(head, []byte(" "))
	path, _, _ := bytes.Cut(rest, []byte(" "))
	return path
}

func (s *server) appendAnswer(dst, path []byte, closing bool) []byte {
	contentType, body := work.ContentType, []byte(work.Hello)
	if len(path) > 1 {
		if t, b, ok := work.Reply(string(path)); ok {
			contentType, body = t, b
		}
	}
	dst = append(dst, "HTTP/1.1 200 OK\r\nServer: gnet\r\nDate: "...)
	dst = append(dst, *s.date.Load()...)
	dst = append(dst, "\r\nContent-Type: "...)
	dst = append(dst, contentType...)
	if closing {
		dst = append(dst, "\r\nConnection: close"...)
	}
	dst = append(dst, "\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, body...)
}
