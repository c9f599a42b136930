package engine_test

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
)

// set is what the plans of a round are made of, a bit each.
type set uint32

const (
	sleeping set = 1 << iota
	flushing
	files
	failing
	detaching
	uploads
	chunkedUploads
	longAnswers
	longUploads
	partlyRead
	wrapped
	old // HTTP/1.0
	heads
	expecting
	hints // 103
	allOf
)

var setNames = strings.Fields("sleeping flushing files failing detaching uploads chunked-uploads long-answers long-uploads partly-read wrapped HTTP/1.0 HEAD expecting hints")

func (s set) String() string {
	var names []string
	for s &= allOf - 1; s != 0; s &= s - 1 {
		names = append(names, setNames[bits.TrailingZeros32(uint32(s))])
	}
	return strings.Join(names, " ")
}

func (s set) has(b set) bool { return s&b != 0 }

// plan is one request and all that its handler does. The peer and the handler
// make the same one of the same number.
type plan struct {
	seed     uint64
	how      manner
	last     bool // of its connection
	method   string
	http10   bool
	expects  bool
	upload   int // content of the request, in bytes
	chunked  bool
	answer   int // content of the answer, in bytes
	from     int // where in the pattern both contents begin
	declared bool
	wrap     int // 0: no, 1: Inline, 2: Pooled
	fails    bool
	steps    []step
}

type stepKind int

const (
	readSome  stepKind = iota // n bytes of the body
	readAll                   // the rest
	writeSome                 // n bytes
	writeFile
	flush
	sleep // n microseconds
	hint
	detach
	// The rest end the answer, all but returning in the middle of it.
	returning
	panicking
	aborting
	exiting
	waitingForEnd // detached: until the peer has gone
)

func (k stepKind) String() string {
	return strings.Fields("read readAll write file flush sleep hint detach return panic abort exit waitForEnd")[k]
}

type step struct {
	kind stepKind
	n    int
}

const (
	patternBytes = 1 << 20
	longBytes    = 400 << 10
	shortBytes   = 3 << 10
)

func (p *plan) target() string {
	end := 0
	if p.last {
		end = 1
	}
	return fmt.Sprintf("/%d/%d/%d", p.seed, p.how, end)
}

// planOf is the plan of a request with that target.
func (s *stress) planOf(target string) *plan {
	var seed uint64
	var how manner
	var last int
	if _, err := fmt.Sscanf(target, "/%d/%d/%d", &seed, &how, &last); err != nil {
		s.errorf("target %q: %v", target, err)
	}
	return s.plan(seed, how, last == 1)
}

func (s *stress) plan(seed uint64, how manner, last bool) *plan {
	rng := rand.New(rand.NewPCG(seed, s.round))
	chance := func(b set, one int) bool { return rng.IntN(one) == 0 && s.may.has(b) }
	p := &plan{seed: seed, how: how, last: last, method: "GET", from: rng.IntN(patternBytes - longBytes)}
	p.answer = length(rng, chance(longAnswers, 8))
	if chance(uploads, 2) {
		p.method = "POST"
		p.upload = length(rng, chance(longUploads, 8))
		p.chunked = chance(chunkedUploads, 2)
		p.expects = chance(expecting, 8)
	} else if chance(heads, 8) {
		p.method = "HEAD"
	}
	p.http10 = last && !p.chunked && chance(old, 4)
	p.declared = rng.IntN(3) == 0
	if chance(wrapped, 3) {
		p.wrap = 1 + rng.IntN(2)
	}
	p.choose(rng, chance)
	return p
}

func length(rng *rand.Rand, long bool) int {
	if long {
		return rng.IntN(longBytes)
	}
	return rng.IntN(shortBytes)
}

// choose makes the steps: the body's and the answer's, one before the other or
// mixed, then what comes in between.
func (p *plan) choose(rng *rand.Rand, chance func(set, int) bool) {
	var reads, writes []step
	if p.upload > 0 || p.chunked {
		if rng.IntN(2) == 0 {
			reads = append(reads, step{readSome, rng.IntN(p.upload + 1)})
		}
		if !chance(partlyRead, 3) {
			reads = append(reads, step{readAll, 0})
		}
	}
	for left := p.answer; left > 0; {
		n := left
		if rng.IntN(3) > 0 {
			n = 1 + rng.IntN(left)
		}
		kind := writeSome
		if chance(files, 3) {
			kind = writeFile
		}
		writes = append(writes, step{kind, n})
		left -= n
	}
	if len(writes) > 1 && writes[0].kind == writeFile {
		p.declared = true // otherwise it would be the whole content
	}
	switch rng.IntN(3) {
	case 0:
		p.steps = append(reads, writes...)
	case 1:
		p.steps = append(writes, reads...)
	default:
		for len(reads) > 0 || len(writes) > 0 {
			from := &reads
			if len(reads) == 0 || len(writes) > 0 && rng.IntN(2) == 0 {
				from = &writes
			}
			p.steps = append(p.steps, (*from)[0])
			*from = (*from)[1:]
		}
	}
	p.intersperse(rng, chance)
}

func (p *plan) intersperse(rng *rand.Rand, chance func(set, int) bool) {
	for chance(flushing, 2) {
		p.insert(rng.IntN(len(p.steps)+1), step{flush, 0})
	}
	for chance(sleeping, 3) {
		p.insert(rng.IntN(len(p.steps)+1), step{sleep, rng.IntN(5000)})
	}
	if chance(hints, 8) && !p.http10 {
		p.insert(0, step{hint, 0})
	}
	if chance(failing, 8) {
		p.fail(rng)
	}
	if chance(detaching, 4) {
		p.detach(rng)
	}
}

func (p *plan) insert(at int, s step) {
	p.steps = append(p.steps, step{})
	copy(p.steps[at+1:], p.steps[at:])
	p.steps[at] = s
}

// fail ends the steps early, before the last piece of the answer, so that it
// can't be whole.
func (p *plan) fail(rng *rand.Rand) {
	end := -1
	for i, s := range p.steps {
		if s.kind == writeSome || s.kind == writeFile {
			end = i
		}
	}
	if end < 0 {
		return
	}
	kind := []stepKind{panicking, aborting, returning}[rng.IntN(3)]
	if rng.IntN(20) == 0 {
		kind = exiting
	}
	if kind == returning { // only with a declared length it is a failure
		p.declared = true
	}
	p.fails = true
	p.steps = append(p.steps[:rng.IntN(end+1)], step{kind, 0})
}

// detach has the rest be done by another goroutine, which reads no body.
func (p *plan) detach(rng *rand.Rand) {
	at := rng.IntN(len(p.steps) + 1)
	before, after := p.steps[:at:at], p.steps[at:]
	p.steps = append(before, step{detach, 0})
	if p.last && p.how == resetter && rng.IntN(2) == 0 {
		p.steps = append(p.steps, step{waitingForEnd, 0})
		return
	}
	for _, s := range after {
		switch s.kind {
		case readSome, readAll:
			continue
		case writeFile:
			s.kind = writeSome // a Detached sends no files
		case hint:
			continue
		case panicking, exiting:
			s.kind = aborting
		}
		p.steps = append(p.steps, s)
	}
}

// readsAll tells that the handler reads the whole body.
func (p *plan) readsAll() bool {
	for _, s := range p.steps {
		if s.kind == readAll {
			return true
		}
	}
	return p.upload == 0 && !p.chunked
}

// mayEnd tells that the connection may end after this answer. A body that is
// not read to its end, or only after the head was committed, can be a reason.
func (p *plan) mayEnd() bool {
	return p.fails || p.http10 || p.expects || p.upload > 0 || p.chunked
}
