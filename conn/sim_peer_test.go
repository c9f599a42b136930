package conn_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"
)

// simNoise is what all content is made of: a piece of it tells where it is from.
var simNoise = func() []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 1<<20)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}()

// simRequest is one request as the peer means it.
type simRequest struct {
	method   string
	http10   bool
	wire     []byte // as sent
	head     int    // of it, the head
	body     []byte // its content
	trailers map[string]string
	expects  bool // waits for 100 (Continue)
	goodbye  bool // announces that nothing follows
	bodyBad  bool // a good head, a broken body
	bad      bool // the head must be refused
	cut      bool // not sent whole
}

// simPeerEnd is what the peer does when it has sent all.
type simPeerEnd uint8

const (
	simHalfCloses simPeerEnd = iota // ends its side at once, and reads on
	simWaits                        // ends when all is answered
	simSilent                       // ends when the server does
	simMute                         // never ends
)

// simPiece is sent when the peer has seen enough.
type simPiece struct {
	bytes     []byte
	answers   int  // it waits for so many complete answers
	continues bool // and for leave to continue, but not for ever
	request   int
}

// simPeer is a client.
type simPeer struct {
	rng      *rand.Rand
	requests []*simRequest
	pieces   []simPiece
	next     int // piece
	sendAt   time.Duration
	readAt   time.Duration
	gateTime time.Duration // when a piece that waits for leave goes in any case

	readSize  int // at most, at a time
	readPause time.Duration
	sendPause time.Duration
	end       simPeerEnd
	stubborn  bool // goes on after an answer that closes
	goesDeaf  bool // stops reading
	deafAt    int64
	resetAt   time.Duration // 0: never

	received   int64
	ended      bool // has ended its side
	gone       bool // has closed or reset
	sawEnd     bool // saw the server's end
	sawReset   bool
	lied       bool // sent something after saying goodbye
	sentAll    bool // nothing is left to send, or it gave up
	sentBytes  int64
	lastActive time.Duration
}

var simMethods = []string{"GET", "GET", "GET", "HEAD", "POST", "POST", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "BREW"}

func newSimPeer(rng *rand.Rand, maxBody int) *simPeer {
	p := &simPeer{rng: rng}
	p.readSize, p.readPause = 1<<16, 0
	if chance(rng, 30) {
		p.readSize = 1 + rng.IntN(4096)
		p.readPause = time.Duration(rng.IntN(40)) * time.Millisecond
	}
	if chance(rng, 60) {
		p.sendPause = time.Duration(rng.IntN(200)) * time.Millisecond
	}
	p.end = simPeerEnd(rng.IntN(4))
	p.stubborn = chance(rng, 30)
	if chance(rng, 8) {
		p.goesDeaf, p.deafAt = true, rng.Int64N(3000)
	}
	if chance(rng, 8) {
		p.resetAt = 1 + time.Duration(rng.IntN(3000))*time.Millisecond
	}
	n := 1 + rng.IntN(3)
	if chance(rng, 40) {
		n += rng.IntN(10)
	}
	for i := range n {
		r := p.newRequest(i, maxBody)
		p.requests = append(p.requests, r)
		if r.bad || r.bodyBad || r.goodbye && chance(rng, 70) {
			break
		}
	}
	p.cutLast()
	p.split()
	return p
}

func chance(rng *rand.Rand, percent int) bool { return rng.IntN(100) < percent }

func (p *simPeer) newRequest(i, maxBody int) *simRequest {
	rng := p.rng
	r := &simRequest{method: simMethods[rng.IntN(len(simMethods))], http10: chance(rng, 15)}
	var b bytes.Buffer
	for range rng.IntN(8) - 6 {
		b.WriteString("\r\n")
	}
	version, target := "HTTP/1.1", fmt.Sprintf("/%d?x=%d", i, rng.IntN(100))
	if r.http10 {
		version = "HTTP/1.0"
	}
	switch r.method {
	case "CONNECT":
		target = fmt.Sprintf("host-%d:443", i)
	case "OPTIONS":
		target = "*"
	}
	fmt.Fprintf(&b, "%s %s %s\r\n", r.method, target, version)
	fmt.Fprintf(&b, "Host: a\r\nX-Request: %d\r\n", i)
	if chance(rng, 20) {
		fmt.Fprintf(&b, "X-Fill: %s\r\n", bytes.Repeat([]byte{'f'}, rng.IntN(600)))
	}
	r.goodbye = r.http10
	switch rng.IntN(12) {
	case 0:
		b.WriteString("Connection: close\r\n")
		r.goodbye = true
	case 1, 2, 3:
		b.WriteString("connection: x, Keep-Alive\r\n")
		r.goodbye = false
	case 4:
		b.WriteString("Connection: keep-alive, close\r\n")
		r.goodbye = true
	}
	if chance(rng, 6) {
		r.bad = true
		b.WriteString(simBadLines[rng.IntN(len(simBadLines))])
	}
	p.addBody(r, &b, i, maxBody)
	if r.goodbye && len(r.body) > 0 && chance(rng, 30) {
		r.wire = append(r.wire, "\r\n"...) // as old clients do behind content
	}
	return r
}

// simBadLines are field lines that make a head unacceptable.
var simBadLines = []string{
	"Host: b\r\n", "X : y\r\n", "X: y\n", "X: \x00\r\n", " folded\r\n", "Content-Length: x\r\n", ": v\r\n",
	"Content-Length: 1\r\nContent-Length: 1\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
	"Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: gzip\r\n", "X: \r y\r\n",
}

func (p *simPeer) addBody(r *simRequest, b *bytes.Buffer, i, maxBody int) {
	rng := p.rng
	wants := r.method == "POST" || r.method == "PUT" || chance(rng, 5)
	if !wants || r.bad {
		b.WriteString("\r\n")
		r.wire = b.Bytes()
		r.head = len(r.wire)
		return
	}
	n := rng.IntN(200)
	if chance(rng, 30) {
		n = rng.IntN(maxBody)
	}
	if chance(rng, 10) {
		n = 0
	}
	r.body = simNoise[i*1000 : i*1000+n]
	if !r.http10 && chance(rng, 15) {
		b.WriteString("Expect: 100-Continue\r\n")
		r.expects = true
	}
	if r.http10 || chance(rng, 50) {
		r.expects = r.expects && n > 0
		fmt.Fprintf(b, "Content-Length: %d\r\n\r\n", n)
		r.head = b.Len()
		b.Write(r.body)
		r.wire = b.Bytes()
		return
	}
	b.WriteString("Transfer-Encoding: Chunked\r\n\r\n")
	r.head = b.Len()
	for rest := r.body; len(rest) > 0; {
		k := 1 + rng.IntN(len(rest))
		ext := ""
		if chance(rng, 10) {
			ext = ";a=\"b\""
		}
		fmt.Fprintf(b, "%x%s\r\n%s\r\n", k, ext, rest[:k])
		rest = rest[k:]
	}
	if chance(rng, 6) {
		r.bodyBad = true
		b.WriteString("what\r\n")
	}
	b.WriteString("0\r\n")
	r.trailers = map[string]string{}
	for k := range rng.IntN(6) - 3 {
		r.trailers[fmt.Sprintf("X-T%d", k)] = fmt.Sprint(i)
		fmt.Fprintf(b, "X-T%d: %d\r\n", k, i)
	}
	b.WriteString("\r\n")
	r.wire = b.Bytes()
}

// cutLast leaves the last request unfinished, now and then.
func (p *simPeer) cutLast() {
	r := p.requests[len(p.requests)-1]
	if r.bad || r.bodyBad || chance(p.rng, 85) {
		return
	}
	r.cut = true
	at := 1 + p.rng.IntN(len(r.wire)-1)
	if len(r.wire) > r.head && chance(p.rng, 50) {
		at = r.head + p.rng.IntN(len(r.wire)-r.head)
	}
	r.wire = r.wire[:at]
}

// split decides in which pieces requests are sent, and what each waits for.
func (p *simPeer) split() {
	depth := 0
	if chance(p.rng, 50) {
		depth = 1 + p.rng.IntN(8)
	}
	obeys := chance(p.rng, 85) // waits for 100 (Continue)
	for i, r := range p.requests {
		answers := max(0, i-depth)
		cuts := map[int]bool{}
		for range p.rng.IntN(5) {
			cuts[p.rng.IntN(len(r.wire))] = true
		}
		if r.expects && obeys {
			cuts[r.head] = true
		}
		start := 0
		for at := 1; at <= len(r.wire); at++ {
			if !cuts[at] && at < len(r.wire) {
				continue
			}
			gate := r.expects && obeys && start >= r.head
			p.pieces = append(p.pieces, simPiece{r.wire[start:at], answers, gate, i})
			start = at
		}
	}
}

// wakeAt is when the peer wants to act; ok is false if it waits.
func (p *simPeer) wakeAt(w *simWorld) (when time.Duration, ok bool) {
	consider := func(t time.Duration) {
		if !ok || t < when {
			when, ok = t, true
		}
	}
	if p.gone {
		return 0, false
	}
	if p.resetAt > 0 {
		consider(p.resetAt)
	}
	if p.canSend(w) {
		consider(p.sendAt)
	} else if p.next < len(p.pieces) && p.pieces[p.next].continues && !p.sentAll && w.now < p.gateTime {
		consider(p.gateTime)
	}
	if p.canRead(w) || p.wantsEnd(w) {
		consider(p.readAt)
	}
	return when, ok
}

func (p *simPeer) answers(w *simWorld) int { return w.answers.completeAt(p.received) }

func (p *simPeer) canSend(w *simWorld) bool {
	if p.sentAll || p.ended || p.next >= len(p.pieces) || len(w.sock.toServer) >= w.sock.receiveSize {
		return false
	}
	piece := &p.pieces[p.next]
	answers := p.answers(w)
	if answers < piece.answers {
		return false
	}
	if !piece.continues || answers > piece.request || w.now >= p.gateTime {
		return true
	}
	a := w.answers.cur
	return a != nil && a.number == piece.request && a.continues > 0 && p.received == w.answers.total
}

func (p *simPeer) canRead(w *simWorld) bool {
	if p.goesDeaf && p.received >= p.deafAt {
		return false
	}
	return len(w.sock.toPeer) > 0 || w.sock.serverReset && !p.sawReset || w.sock.serverEnded && !p.sawEnd
}

// wantsEnd tells that there is nothing left but to end.
func (p *simPeer) wantsEnd(w *simWorld) bool {
	done := p.sentAll || p.next >= len(p.pieces)
	switch {
	case p.gone:
		return false
	case p.sawReset:
		return true
	case p.sawEnd && p.end != simMute:
		return true
	case !done || p.ended:
		return false
	case p.end == simHalfCloses:
		return true
	case p.end == simWaits:
		return p.answers(w) >= len(p.requests)
	}
	return false
}

// act does what is due.
func (p *simPeer) act(w *simWorld) {
	if p.gone {
		return
	}
	if p.resetAt > 0 && w.now >= p.resetAt {
		w.log("peer: reset")
		p.gone, p.lastActive = true, w.now
		w.sock.peerGone(true)
		return
	}
	if p.canRead(w) && w.now >= p.readAt {
		p.read(w)
	}
	if w.now >= p.sendAt && p.canSend(w) {
		p.send(w)
	}
	if w.now >= p.readAt && p.wantsEnd(w) {
		p.finish(w)
	}
}

func (p *simPeer) read(w *simWorld) {
	s := &w.sock
	p.lastActive, w.nextCalls = w.now, 0
	p.readAt = w.now + p.readPause
	if n := min(len(s.toPeer), 1+p.rng.IntN(p.readSize)); n > 0 {
		p.received += int64(n)
		s.toPeer = s.toPeer[:copy(s.toPeer, s.toPeer[n:])]
		w.log("peer: read %d", n)
		if k := p.answers(w); k > 0 && w.answers.all[k-1].closes && !p.stubborn && !p.sentAll {
			w.log("peer: is told close, stops")
			p.sentAll = true
		}
	} else if s.serverReset {
		w.log("peer: sees reset")
		p.sawReset, p.sawEnd, p.sentAll = true, true, true
	} else if s.serverEnded {
		w.log("peer: sees end")
		p.sawEnd = true
		if !p.stubborn {
			p.sentAll = true
		}
	}
}

func (p *simPeer) send(w *simWorld) {
	piece := &p.pieces[p.next]
	n := min(len(piece.bytes), w.sock.receiveSize-len(w.sock.toServer))
	w.log("peer: send %d of request %d: %.60q", n, piece.request, piece.bytes[:n])
	for i := range piece.request {
		if r := p.requests[i]; r.goodbye {
			p.lied = true
		}
	}
	if w.sock.closed {
		// The server's system knows no such connection any more.
		p.lied = true
		w.sock.reset()
	} else {
		w.sock.toServer = append(w.sock.toServer, piece.bytes[:n]...)
	}
	p.sentBytes += int64(n)
	p.lastActive, w.nextCalls = w.now, 0
	piece.bytes = piece.bytes[n:]
	p.sendAt = w.now
	if p.sendPause > 0 {
		p.sendAt += time.Duration(p.rng.Int64N(int64(p.sendPause)))
	}
	if len(piece.bytes) == 0 {
		p.next++
		p.gateTime = w.now + time.Duration(p.rng.IntN(3000))*time.Millisecond
	}
}

func (p *simPeer) finish(w *simWorld) {
	p.lastActive, w.nextCalls = w.now, 0
	if p.sawEnd || p.sawReset || p.end == simWaits && p.answers(w) >= len(p.requests) {
		w.log("peer: close")
		p.gone = true
		w.sock.peerGone(false)
		return
	}
	w.log("peer: end of its side")
	p.ended = true
	w.sock.peerEnded = true
}
