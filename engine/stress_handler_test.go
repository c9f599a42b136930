package engine_test

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// handle does what the plan says.
func (s *stress) handle(w *engine.Response, r *engine.Request) {
	p := s.planOf(string(r.Path()))
	h := engine.Handler(engine.HandlerFunc(func(w *engine.Response, r *engine.Request) {
		(&performance{s: s, p: p, w: w, r: r}).run()
	}))
	switch p.wrap {
	case 1:
		h = engine.Inline(h)
	case 2:
		h = engine.Pooled(h)
	}
	h.ServeHTTP(w, r)
}

// performance is a plan as it is carried out.
type performance struct {
	s             *stress
	p             *plan
	w             *engine.Response
	r             *engine.Request
	d             *engine.Detached // instead of both, once detached
	written, read int
}

// content is what p's answer consists of; its request's is another piece.
func (s *stress) content(p *plan) []byte { return s.pattern[p.from:][:p.answer] }
func (s *stress) body(p *plan) []byte    { return s.pattern[p.from/2:][:p.upload] }

func (f *performance) run() {
	p := f.p
	f.check("SetHeader", f.w.SetHeader("X-Number", p.target()))
	f.check("SetHeader", f.w.SetHeader("X-Sum", fmt.Sprint(crc32.ChecksumIEEE(f.s.content(p)))))
	if p.declared {
		f.check("SetContentLength", f.w.SetContentLength(int64(p.answer)))
	}
	for i, step := range p.steps {
		if step.kind == detach {
			f.detach(p.steps[i+1:])
			return
		}
		if !f.do(step) {
			return
		}
	}
}

// do reports false if nothing more is to be done.
func (f *performance) do(t step) bool {
	switch t.kind {
	case readSome, readAll:
		return f.readBody(t)
	case writeSome:
		n, err := f.w.Write(f.next(t.n))
		f.written += n
		return f.check("Write", err)
	case writeFile:
		return f.sendFile(t.n)
	case flush:
		return f.check("Flush", f.w.Flush())
	case sleep:
		time.Sleep(time.Duration(t.n) * time.Microsecond)
	case hint:
		return f.check("Informational", f.w.Informational(103, engine.Field{Name: "Link", Value: "</a>"}))
	case returning:
		return false
	case panicking:
		panic("as planned")
	case aborting:
		panic(engine.ErrAbort)
	case exiting:
		runtime.Goexit()
	}
	return true
}

// check reports whether err is nil. An error is the test's, if the peer stays to
// the end.
func (f *performance) check(what string, err error) bool {
	if err != nil && f.p.how.patient() && !f.s.over.Load() {
		f.s.errorf("%s: %v peer, %s %s: %v; %+v", what, f.p.how, f.p.method, f.p.target(), err, f.p)
	}
	return err == nil
}

func (f *performance) next(n int) []byte { return f.s.content(f.p)[f.written:][:n] }

func (f *performance) sendFile(n int) bool {
	file, err := os.Open(f.s.file)
	if err != nil {
		f.s.errorf("%v", err)
		return false
	}
	at := int64(f.p.from + f.written)
	f.written += n
	return f.check("SendFile", f.w.SendFile(file, at, int64(n)))
}

// readBody checks the content that it reads.
func (f *performance) readBody(t step) bool {
	in := io.Reader(f.r.Body())
	if t.kind == readSome {
		in = io.LimitReader(in, int64(t.n))
	}
	b, err := io.ReadAll(in)
	want := f.s.body(f.p)[f.read:]
	if len(b) > len(want) || string(b) != string(want[:len(b)]) {
		f.s.errorf("%s: body: wrong content in %d bytes from %d on", f.p.target(), len(b), f.read)
		return false
	}
	f.read += len(b)
	if !f.check("Body.Read", err) {
		return false
	}
	if t.kind == readAll && f.read != f.p.upload {
		f.s.errorf("%s: body: %d bytes of %d, and no error", f.p.target(), f.read, f.p.upload)
	}
	return true
}

// detach has another goroutine do the rest.
func (f *performance) detach(rest []step) {
	d := f.w.Detach()
	f.w, f.r = nil, nil
	f.d = d
	f.s.later.Add(1)
	go func() {
		defer f.s.later.Add(-1)
		for _, t := range rest {
			if !f.doLater(t) {
				return
			}
		}
		f.check("End", d.End())
		if _, err := d.Write([]byte("late")); err == nil {
			f.s.errorf("%s: Write after End: no error", f.p.target())
		}
	}()
}

func (f *performance) doLater(t step) bool {
	switch t.kind {
	case writeSome:
		return f.writeLater(f.next(t.n))
	case flush:
		return f.check("Detached.Flush", f.d.Flush())
	case sleep:
		time.Sleep(time.Duration(t.n) * time.Microsecond)
	case returning:
		_ = f.d.End() // too short
		return false
	case aborting:
		f.d.Abort()
		return false
	case waitingForEnd:
		_ = f.d.Flush()
		select {
		case <-f.d.Context().Done():
		case <-time.After(patience):
			f.s.errorf("%s: the peer has gone, and the context goes on", f.p.target())
		}
		if err := f.d.End(); !errors.Is(err, engine.ErrClosed) {
			f.s.errorf("%s: End after the peer has gone: %v", f.p.target(), err)
		}
		return false
	}
	return true
}

// writeLater tries again while too much is unsent.
func (f *performance) writeLater(b []byte) bool {
	for give := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		n, err := f.d.Write(b)
		if n > 0 {
			give = time.Now().Add(patience)
		}
		f.written += n
		b = b[n:]
		if !errors.Is(err, engine.ErrBacklog) || time.Now().After(give) {
			return f.check("Detached.Write", err)
		}
	}
}
