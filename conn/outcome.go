package conn

import "github.com/pollard-go/pollard/parser"

// Outcome is what becomes of an answer.
type Outcome struct {
	Status  int
	Content int64 // bytes of content, without framing
	Broken  bool  // the peer won't get it whole
}

// OutcomeOfEnd tells what becomes of the answer if End is called now.
func (c *Conn) OutcomeOfEnd() Outcome {
	o := Outcome{Status: c.Status(), Content: c.Written(), Broken: c.life == lifeClosed}
	if c.x == nil || o.Broken {
		return o
	}
	if !c.Committed() && o.Status == statusSwitching {
		return c.OutcomeOfDecline(500) // see ErrSwitch
	}
	r := &c.x.resp
	length, declared := r.Header.length, r.Header.declared
	if c.Committed() {
		length, declared = r.length, r.framing == framingLength
	}
	switch {
	case r.verb == parser.VerbHead || c.contentless():
		o.Content = 0
	case declared:
		o.Content = min(o.Content, length)
		o.Broken = o.Content < length
	}
	return o
}

// OutcomeOfAbort tells what becomes of it if Abort is called now.
func (c *Conn) OutcomeOfAbort() Outcome {
	if !c.Committed() {
		return c.OutcomeOfDecline(500)
	}
	o := c.OutcomeOfEnd()
	o.Broken = true
	return o
}

// OutcomeOfDecline tells what becomes of it if Decline is called now.
func (c *Conn) OutcomeOfDecline(status int) Outcome {
	o := Outcome{Status: status}
	if c.x.resp.verb != parser.VerbHead {
		o.Content = int64(len("500 \n") + len(StatusText(status)))
	}
	return o
}
