package engine_test

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// peer is a client of the stress test: it sends what is planned, at most depth
// requests ahead, and holds every answer against its plan.
type peer struct {
	*net.TCPConn
	s     *stress
	how   manner
	plans []*plan
	depth int
	read  int // answers that it waits for

	lastProgress atomic.Int64 // of either side, in Unix seconds
	writeReset   atomic.Bool  // a write was told of a reset: the system tells once, so reads end as if in order

	endsMaybe bool // the answer just read may be the last one
}

func (p *peer) run(rng *rand.Rand) {
	answered := make(chan struct{}, len(p.plans)+p.depth)
	for range p.depth {
		answered <- struct{}{}
	}
	sent := make(chan struct{})
	own := rand.New(rand.NewPCG(rng.Uint64(), 0))
	go func() {
		defer close(sent)
		for _, plan := range p.plans {
			if _, ok := <-answered; !ok || !p.send(plan, own) {
				return
			}
		}
		if p.how == halfway {
			_ = p.CloseWrite()
		}
	}()
	in := bufio.NewReader(reader{p, p.how == slow})
	ended := false
	for _, plan := range p.plans[:p.read] {
		if ended = !p.answer(in, plan); ended {
			break
		}
		answered <- struct{}{}
	}
	close(answered)
	p.leave(rng, in, ended, sent)
	<-sent
}

// leave ends the connection in the peer's manner.
func (p *peer) leave(rng *rand.Rand, in *bufio.Reader, ended bool, sent chan struct{}) {
	if p.how.patient() {
		<-sent // the handler may have answered first, and still be reading
	}
	switch {
	case p.how == resetter:
		if rng.IntN(2) == 0 {
			time.Sleep(time.Duration(rng.IntN(3000)) * time.Microsecond)
		}
		_ = p.SetLinger(0)
	case p.how == halfway && !ended:
		if b, err := io.ReadAll(in); (err != nil || len(b) > 0) && !p.s.over.Load() {
			p.fail(p.plans[len(p.plans)-1], "after the last answer: %.100q, %v", b, err)
		}
	}
	_ = p.Close()
}

// reader reads little at a time, if it is to be slow.
type reader struct {
	p    *peer
	slow bool
}

func (r reader) Read(b []byte) (int, error) {
	if r.slow && len(b) > 1000 {
		b = b[:1000]
		if b[0] = 0; time.Now().Nanosecond()&31 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	n, err := r.p.TCPConn.Read(b)
	r.p.progressed()
	return n, err
}

// progressed has the connection's patience begin anew: a slow peer takes long for
// much, and longer on a machine that has other work. It is for what makes no progress.
func (p *peer) progressed() {
	now := time.Now().Unix()
	if p.lastProgress.Swap(now) != now {
		_ = p.SetDeadline(time.Now().Add(patience))
	}
}

// send sends the request, in pieces if the peer is slow.
func (p *peer) send(plan *plan, rng *rand.Rand) bool {
	b := p.request(plan, rng)
	for p.how == slow && len(b) > 0 && rng.IntN(4) > 0 {
		n := 1 + rng.IntN(min(len(b), 300))
		if !p.sends(b[:n]) {
			return false
		}
		p.progressed()
		b = b[n:]
		time.Sleep(time.Duration(rng.IntN(1000)) * time.Microsecond)
	}
	if len(b) == 0 {
		return true // a write of nothing would take the news of a reset from who reads
	}
	return p.sends(b) // what is missing is found out by who reads
}

func (p *peer) sends(b []byte) bool {
	_, err := p.Write(b)
	if errors.Is(err, syscall.ECONNRESET) {
		p.writeReset.Store(true)
	}
	return err == nil
}

// toldByWrite reports whether a write was told of a reset before the end that was
// just read; it may not have returned yet.
func (p *peer) toldByWrite() bool {
	for range 1000 {
		if p.writeReset.Load() {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

func (p *peer) request(plan *plan, rng *rand.Rand) []byte {
	var b strings.Builder
	version := "1.1"
	if plan.http10 {
		version = "1.0"
	}
	fmt.Fprintf(&b, "%s %s HTTP/%s\r\nHost: a\r\n", plan.method, plan.target(), version)
	if plan.expects {
		b.WriteString("Expect: 100-continue\r\n")
	}
	body := p.s.body(plan)
	switch {
	case plan.chunked:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for len(body) > 0 {
			n := 1 + rng.IntN(len(body))
			fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
			body = body[n:]
		}
		b.WriteString("0\r\nX-Trailer: a\r\n\r\n")
	case plan.method == "POST":
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	default:
		b.WriteString("\r\n")
	}
	return []byte(b.String())
}

// answer reads one and holds it against the plan. It reports false if it was the
// last.
func (p *peer) answer(in *bufio.Reader, plan *plan) (more bool) {
	var resp *http.Response
	var err error
	for resp == nil || resp.StatusCode < 200 {
		if resp, err = http.ReadResponse(in, &http.Request{Method: plan.method}); err != nil && p.endsMaybe {
			return false
		} else if err != nil {
			p.broken(plan, "no answer", err)
			return false
		}
	}
	b, err := io.ReadAll(resp.Body)
	switch {
	case resp.StatusCode == 500 && plan.fails || resp.StatusCode == 503 && p.s.options.Dispatch.Workers > 0:
		if err != nil {
			p.broken(plan, resp.Status, err)
			return false
		}
		p.s.broken.Add(1)
	case resp.StatusCode != 200 || resp.Header.Get("X-Number") != plan.target():
		p.fail(plan, "got %s with number %q", resp.Status, resp.Header.Get("X-Number"))
		return false
	case plan.fails && plan.method == "HEAD":
		p.s.broken.Add(1) // what is missing wouldn't have been sent
	case plan.fails && err != nil:
		if plan.http10 && resp.ContentLength < 0 && !errors.Is(err, syscall.ECONNRESET) && p.promised() {
			p.fail(plan, "broken off, but the peer is told %v", err)
		}
		p.s.broken.Add(1)
		return false
	case plan.fails && plan.http10 && resp.ContentLength < 0 && p.toldByWrite():
		p.s.broken.Add(1)
		return false
	case plan.fails:
		p.fail(plan, "%d bytes that look whole, although the handler has failed", len(b))
		return false
	case err != nil:
		p.broken(plan, fmt.Sprintf("%d bytes of %d", len(b), plan.answer), err)
		return false
	default:
		p.whole(plan, resp, b)
	}
	if resp.Close && !plan.mayEnd() && !p.s.over.Load() {
		p.fail(plan, "%s, and then an end without reason", resp.Status)
	}
	// Where a body of which much is unread ends an answer that was begun before,
	// the end could not be announced.
	p.endsMaybe = !plan.readsAll() || plan.fails || resp.StatusCode != 200 && plan.mayEnd()
	return !resp.Close
}

// whole checks an answer that has come to its end.
func (p *peer) whole(plan *plan, resp *http.Response, b []byte) {
	sum := fmt.Sprint(crc32.ChecksumIEEE(b))
	if plan.method == "HEAD" {
		sum = resp.Header.Get("X-Sum")
	}
	if plan.method != "HEAD" && len(b) != plan.answer || sum != resp.Header.Get("X-Sum") {
		p.fail(plan, "%d bytes of %d, sum %s of %s", len(b), plan.answer, sum, resp.Header.Get("X-Sum"))
		return
	}
	p.s.whole.Add(1)
}

// broken is the case of an answer that does not come to its end.
func (p *peer) broken(plan *plan, what string, err error) {
	if plan.fails {
		p.s.broken.Add(1)
		return
	}
	if p.promised() {
		p.fail(plan, "%s: %v", what, err)
	}
}

// promised tells that all answers are still promised.
func (p *peer) promised() bool { return !p.s.over.Load() }

func (p *peer) fail(plan *plan, format string, args ...any) {
	at := 0
	for i := range p.plans {
		if p.plans[i] == plan {
			at = i + 1
		}
	}
	p.s.errorf("%v peer %v, request %d of %d, depth %d: %s; plan %+v", p.how, p.LocalAddr(), at, len(p.plans), p.depth,
		fmt.Sprintf(format, args...), plan)
}
