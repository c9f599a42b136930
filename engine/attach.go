package engine

import (
	"errors"
	"sync"

	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// This file is what an adapter of an event library sees of a server. It is no part
// of the public face, since nobody else can name a carrier.

func init() {
	carrier.ServerOf = func(s any) carrier.Server { return attachable{s.(*Server)} }
	carrier.SendFile = func(w any, f carrier.File, offset, n int64) error { return w.(*Response).sendFile(f, offset, n) }
}

// attachable is a server as adapters see it: see carrier.Server.
type attachable struct{ s *Server }

var errTooMany = errors.New("engine: there are too many connections")

func (a attachable) Attach(c carrier.Conn) (carrier.Stream, error) {
	s := a.s
	if !s.runs() { // one that drains takes what has been established before
		if err := s.ready(); err != nil {
			return nil, err
		}
	}
	client := c.RemoteAddr().Addr()
	v := s.admission.admit(client)
	if v == verdictWait || v == verdictReset {
		return nil, errTooMany
	}
	st := s.newStream(c, false, v)
	if st == nil {
		s.admission.leave(v, client)
		return nil, ErrServerClosed
	}
	s.hookOpened(st)
	if v == verdictAnswer {
		st.c.Refuse(st.at, 503, s.opts.Dispatch.RetryAfter)
	}
	return st, nil
}

func (a attachable) AttachSource(end func()) (done func(), err error) {
	s := a.s
	if err := s.ready(); err != nil {
		return nil, err
	}
	from := &foreign{call: end}
	if !s.addSource(from) {
		return nil, ErrServerClosed
	}
	return func() { s.sourceEnded(from) }, nil
}

// foreign is a source that an adapter has.
type foreign struct {
	call func()
	once sync.Once
}

func (f *foreign) end() { f.once.Do(f.call) }
