package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
)

const (
	// patience is how long a peer waits for what must come.
	patience = 2 * time.Minute
	// silence is how long nothing must come, where nothing is to come.
	silence = 60 * time.Millisecond
)

// sending is how the bytes of a case are put on the wire.
type sending int

const (
	whole sending = iota
	byteByByte
	cut
)

var sendings = []sending{whole, byteByByte, cut}

func (s sending) String() string { return [...]string{"whole", "byte by byte", "cut"}[s] }

// connection is what a transport's Dial gives.
type connection interface {
	net.Conn
	CloseWrite() error
}

// observed is what came after a step.
type observed struct {
	bytes  []byte
	ending string
}

// peer goes through one case.
type peer struct {
	connection
	how      sending
	random   *rand.Rand
	shutdown func()

	got   []byte // normalised, and not compared yet
	raw   []byte // the end of got that may be a part of a Date field
	ended string // or ""
	sent  string // a description, for failures

	sentAt time.Time // when the last piece had been sent
}

// plays goes through the case. It returns the first difference.
func (p *peer) plays(c *testCase) error {
	for _, s := range c.steps {
		if err := p.does(s); err != nil {
			return err
		}
		if err := p.expects(s.want); err != nil {
			return fmt.Errorf("line %d, sent %s: %w", s.line+1, p.sent, err)
		}
		if s.ending == "" {
			continue
		}
		if err := p.finds(s.ending); err != nil {
			return fmt.Errorf("sent %s: %w", p.sent, err)
		}
	}
	return nil
}

func (p *peer) does(s step) error {
	switch s.kind {
	case "<":
		p.send(s.data)
	case "end":
		_ = p.CloseWrite() // that it can't, after a reset, is for the reader to see
	case "quiet":
		return p.finds(waits)
	case "+":
		d, _ := time.ParseDuration(s.arg) // read before
		time.Sleep(d)
	case "shutdown":
		p.shutdown()
	}
	return nil
}

// edge is how much of a long piece goes byte by byte, at either end.
const edge = 600

// send puts a piece on the wire. That it can't is no failure by itself: an end
// or a reset by the server is for the reader to see.
func (p *peer) send(b []byte) {
	_ = p.SetWriteDeadline(time.Now().Add(patience))
	defer func() { p.sentAt = time.Now() }()
	p.sent = p.how.String()
	switch p.how {
	case byteByByte:
		for len(b) > 0 {
			n := 1
			if len(b) > 2*edge {
				n = len(b) - 2*edge
				p.write(b[:edge])
				b = b[edge:]
			}
			if _, err := p.Write(b[:n]); err != nil {
				return
			}
			runtime.Gosched()
			b = b[n:]
		}
	case cut:
		at := p.random.IntN(len(b)) // a second piece of nothing would take the error of a reset, and hide it
		p.sent = fmt.Sprintf("cut at %d", at)
		_, _ = p.Write(b[:at])
		time.Sleep(2 * time.Millisecond)
		_, _ = p.Write(b[at:])
	default:
		_, _ = p.Write(b)
	}
}

func (p *peer) write(b []byte) {
	for i := range b {
		_, _ = p.Write(b[i : i+1])
	}
}

// receive reads once, until the deadline.
func (p *peer) receive(limit time.Duration) {
	if p.ended != "" {
		return
	}
	_ = p.SetReadDeadline(time.Now().Add(limit))
	b := make([]byte, 64<<10)
	n, err := p.Read(b)
	// A date may come in two parts: what is behind the last whole line stays raw.
	p.raw = append(p.raw, b[:n]...)
	switch {
	case err == nil || errors.Is(err, os.ErrDeadlineExceeded):
	case errors.Is(err, io.EOF):
		p.ended = ends
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		p.ended = resets
	default:
		p.ended = err.Error()
	}
}

// came normalises what has been read, and moves it to got.
func (p *peer) came() []byte {
	if i := bytes.LastIndex(p.raw, []byte("\r\nDate: ")); i < 0 || bytes.Contains(p.raw[i+2:], []byte("\r\n")) || p.ended != "" {
		p.got = append(p.got, normal(p.raw)...)
		p.raw = nil
	}
	return p.got
}

// expects reads as many bytes as are wanted, and compares them.
func (p *peer) expects(want []byte) error {
	for end := time.Now().Add(patience); len(p.came()) < len(want) && p.ended == "" && time.Now().Before(end); {
		if !bytes.HasPrefix(want, p.got) {
			break
		}
		p.receive(time.Until(end))
	}
	if !bytes.HasPrefix(p.got, want) {
		p.receive(silence) // what else comes helps to understand
		return fmt.Errorf("%s", difference(append(p.came(), p.raw...), want, p.ended))
	}
	p.got = p.got[len(want):]
	return nil
}

func difference(got, want []byte, ended string) string {
	n := 0
	for n < len(got) && n < len(want) && got[n] == want[n] {
		n++
	}
	n = max(0, bytes.LastIndexByte(got[:n], '\n')+1)
	return fmt.Sprintf("got  %.300q (%s)\nwant %.300q\nfrom byte %d on", got[n:], ended, want[n:], n)
}

const syncRequest = "GET / HTTP/1.1\r\nHost: sync\r\nConnection: close\r\n\r\n"

var syncAnswer = []byte("HTTP/1.1 200 OK\r\nDate: DATE\r\nContent-Type: text/plain\r\nContent-Length: 13\r\nConnection: close\r\n\r\nHello, World!")

// finds out how the connection ends, after the last byte that was wanted.
func (p *peer) finds(ending string) error {
	switch ending {
	case open: // and in step: the next answer is that to the next request
		if _, err := p.Write([]byte(syncRequest)); err != nil {
			return fmt.Errorf("it is to be open: %w", err)
		}
		if err := p.expects(syncAnswer); err != nil {
			return fmt.Errorf("it is to be open, but the next request: %w", err)
		}
	case waits:
		for end := time.Now().Add(silence); time.Now().Before(end) && p.ended == ""; {
			p.receive(time.Until(end))
		}
		if b := append(p.came(), p.raw...); len(b) > 0 || p.ended != "" {
			return fmt.Errorf("nothing is to come, but: %.300q (%s)", b, p.ended)
		}
	default:
		for end := time.Now().Add(patience); p.ended == "" && time.Now().Before(end); {
			p.receive(time.Until(end))
		}
		if b := p.came(); len(b) > 0 {
			return fmt.Errorf("more came than is wanted: %.300q", b)
		}
		if p.ended != ending {
			return fmt.Errorf("the connection ended so: %q, want %q", p.ended, ending)
		}
	}
	return nil
}

// watches goes through the case and takes down what comes. An end or a shutdown
// follows at once: where it is to follow the answer, the file has to be edited.
func (p *peer) watches(c *testCase) (all []observed, err error) {
	const lull = 300 * time.Millisecond
	for i, s := range c.steps {
		if s.kind != "quiet" {
			if err := p.does(s); err != nil {
				return nil, err
			}
		}
		hasty := i < len(c.steps)-1 && (c.steps[i+1].kind == "end" || c.steps[i+1].kind == "shutdown")
		for before := -1; !hasty && before != len(p.raw) && p.ended == ""; {
			before = len(p.raw)
			p.receive(lull)
		}
		o := observed{bytes: append([]byte(nil), p.came()...)}
		p.got = nil
		if i == len(c.steps)-1 {
			switch {
			case p.ended != "":
				o.ending = p.ended
			case s.ending == waits:
				o.ending = waits
			default:
				o.ending = open
				if p.finds(open) != nil {
					o.ending = waits
				}
			}
		}
		all = append(all, o)
	}
	return all, nil
}
