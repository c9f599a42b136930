package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// patience is how long a test waits for what must come.
const patience = 40 * time.Second // above the 30 s for which a connection may linger

// stream is a subscriber, seen from its own side.
type stream struct {
	net.Conn
	resp        *http.Response
	lines       *bufio.Scanner
	first, last int64 // ids received
}

func subscribe(addr string) (*stream, error) {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	s := &stream{Conn: c}
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err = io.WriteString(c, "GET /events HTTP/1.1\r\nHost: a\r\n\r\n"); err == nil {
		s.resp, err = http.ReadResponse(bufio.NewReaderSize(c, 512), nil)
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	s.lines = bufio.NewScanner(s.resp.Body)
	s.lines.Buffer(make([]byte, 256), 1024)
	return s, nil
}

// next reads an event. At the stream's end in order the error is io.EOF.
func (s *stream) next() (id int64, data string, err error) {
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch name {
		case "id":
			if id, err = strconv.ParseInt(value, 10, 64); err != nil {
				return 0, "", err
			}
		case "data":
			data = value
		case "":
			if id != 0 {
				return id, data, s.follows(id)
			}
		}
	}
	if err = s.lines.Err(); err == nil {
		err = io.EOF
	}
	return 0, "", err
}

// follows checks that no event was left out.
func (s *stream) follows(id int64) error {
	if s.first == 0 {
		s.first = id
	} else if id != s.last+1 {
		return fmt.Errorf("event %d after event %d", id, s.last)
	}
	s.last = id
	return nil
}

// toEnd reads to the stream's end, which must be in order.
func (s *stream) toEnd() error {
	for {
		_, _, err := s.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

var modes = []engine.Mode{engine.ModeAdaptive, engine.ModeInline, engine.ModePooled}

func TestStreamUntilTheSignal(t *testing.T) {
	for _, mode := range modes {
		for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			t.Run(fmt.Sprint(mode, " ", signal), func(t *testing.T) {
				c := start(t, "-interval 20ms -mode "+mode.String())
				s, err := subscribe(c.addr)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				h := s.resp.Header
				if s.resp.StatusCode != 200 || h.Get("Content-Type") != "text/event-stream" || h.Get("Cache-Control") != "no-store" {
					t.Fatalf("%s with %v", s.resp.Status, h)
				}
				for range 3 {
					_, data, err := s.next()
					if err != nil {
						t.Fatal(err)
					}
					if _, err := time.Parse(time.RFC3339Nano, data); err != nil {
						t.Error(err)
					}
				}
				c.ends(signal, func() {
					if err := s.toEnd(); err != nil {
						t.Errorf("the stream ends with %v", err)
					}
					if _, err := s.Read(make([]byte, 1)); err != io.EOF {
						t.Errorf("after the stream: %v", err)
					}
					_ = s.Close()
				})
			})
		}
	}
}

var client = http.Client{Timeout: patience}

type statistics struct {
	Subscribers, Dropped, Events int64
	Engine                       engine.Stats
}

func (c *child) get(path string) (*http.Response, []byte) {
	c.t.Helper()
	resp, err := client.Get("http://" + c.addr + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp, b
}

func (c *child) stats() (s statistics) {
	c.t.Helper()
	_, b := c.get("/stats")
	if err := json.Unmarshal(b, &s); err != nil {
		c.t.Fatal(err)
	}
	return s
}

// reaches waits until the statistics are as they should be.
func (c *child) reaches(what string, limit time.Duration, ok func(statistics) bool) {
	c.t.Helper()
	for end := time.Now().Add(limit); !ok(c.stats()); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("%s: not with %+v", what, c.stats())
		}
	}
}

func TestPageAndWhatElseThereIs(t *testing.T) {
	c := start(t, "")
	resp, b := c.get("/")
	if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") || !strings.Contains(string(b), `new EventSource("/events")`) {
		t.Errorf("%s %v %.200s", resp.Status, resp.Header, b)
	}
	if resp, _ := c.get("/other"); resp.StatusCode != 404 {
		t.Errorf("/other: %s", resp.Status)
	}
	if resp, err := client.Post("http://"+c.addr+"/events", "", nil); err != nil || resp.StatusCode != 405 {
		t.Errorf("POST: %v, %v", resp, err)
	}
	if resp, err := client.Head("http://" + c.addr + "/events"); err != nil || resp.StatusCode != 200 {
		t.Errorf("HEAD: %v, %v", resp, err)
	}
	if s := c.stats(); s.Subscribers != 0 || s.Engine.Requests == 0 {
		t.Errorf("%+v", s)
	}
	client.CloseIdleConnections()
	c.ends(syscall.SIGTERM, func() {})
}

func TestThoseWhoHaveGoneAreDropped(t *testing.T) {
	c := start(t, "-interval 5ms")
	for i := range 20 {
		s, err := subscribe(c.addr)
		if err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			_ = s.Conn.(*net.TCPConn).SetLinger(0) // a reset
		}
		_ = s.Close()
	}
	stays, err := subscribe(c.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer stays.Close()
	c.reaches("20 of 21 are dropped", patience, func(s statistics) bool { return s.Subscribers == 1 && s.Dropped == 20 })
	client.CloseIdleConnections()
	c.ends(syscall.SIGTERM, func() {
		if err := stays.toEnd(); err != nil {
			t.Error(err)
		}
		_ = stays.Close()
	})
}
