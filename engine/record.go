package engine

import (
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/parser"
)

// This file is what Hooks.RequestDone is told.

// recorded tells the hook of the request whose handler has ended. failed says
// that it did so by a panic or by runtime.Goexit.
func (k *call) recorded(failed bool) {
	rec := k.record()
	rec.answer(outcomeOf(k.c, failed))
	rec.Took = k.srv.clock.now() - k.began
	k.srv.hookRequestDone(rec)
}

// taken tells the hook of a request whose connection is about to be hijacked:
// the connection's end, of which hooks are told next, is the last of it.
func (k *call) taken() {
	if k.srv.opts.Hooks.RequestDone == nil {
		return
	}
	rec := k.record()
	if status := k.c.Status(); status < 200 {
		rec.Status = status
	}
	rec.Took = k.srv.clock.now() - k.began
	k.srv.hookRequestDone(rec)
}

// record begins the record of the request under way.
func (k *call) record() RequestRecord {
	return recordOf(k.io, k.c, k.req.head)
}

func recordOf(of ends, c *conn.Conn, head *parser.Request) RequestRecord {
	rec := RequestRecord{Conn: ConnInfo{of}, Transaction: c.Transactions()}
	if head != nil {
		rec.Method, rec.Target = head.Method(), head.Target()
	}
	return rec
}

// answer adds what becomes of the answer.
func (rec *RequestRecord) answer(o conn.Outcome) {
	rec.Status, rec.Content, rec.Broken = o.Status, o.Content, o.Broken
}

// outcomeOf is what becomes of the answer if it is ended, or aborted, now.
func outcomeOf(c *conn.Conn, abort bool) conn.Outcome {
	if abort {
		return c.OutcomeOfAbort()
	}
	return c.OutcomeOfEnd()
}

// declined tells the hook of a request that is answered with 503 in its
// handler's stead.
func (s *Server) declined(of ends, c *conn.Conn) {
	if s.opts.Hooks.RequestDone == nil {
		return
	}
	rec := recordOf(of, c, c.Request())
	rec.answer(c.OutcomeOfDecline(503))
	s.hookRequestDone(rec)
}

// detachedRecord is kept for a Detached, whose request is forgotten.
type detachedRecord struct {
	RequestRecord
	began time.Duration
}

// keepRecord copies what of the request is to be told at the answer's end. It
// returns nil if nobody asks.
func (k *call) keepRecord() *detachedRecord {
	if k.srv.opts.Hooks.RequestDone == nil {
		return nil
	}
	rec := &detachedRecord{k.record(), k.began}
	rec.Method, rec.Target = []byte(string(rec.Method)), []byte(string(rec.Target))
	return rec
}

// done tells the hook of a detached answer that is ended, or aborted, now.
func (d *detachedRecord) done(s *Server, of ends, c *conn.Conn, abort bool) {
	if d == nil {
		return
	}
	d.Conn = ConnInfo{of}
	d.answer(outcomeOf(c, abort))
	d.Took = s.clock.now() - d.began
	s.hookRequestDone(d.RequestRecord)
}
