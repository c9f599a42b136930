package conn

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// action is one thing that a scripted handler does.
type action struct {
	verb, arg   string
	name, value string // of a field
	n           int
	data        []byte
}

func parseActions(t testing.TB, text string) []action {
	var list []action
	for _, part := range strings.Split(text, ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		a := action{}
		a.verb, a.arg, _ = strings.Cut(part, " ")
		switch a.verb {
		case "write":
			a.data = unescape(t, a.arg)
		case "set", "add", "trailer", "del":
			a.field(t, a.arg)
		case "status", "length", "file", "read":
			a.n = number(t, a.arg)
		case "info":
			status, field, _ := strings.Cut(a.arg, " ")
			a.n = number(t, status)
			a.field(t, field)
		}
		list = append(list, a)
	}
	return list
}

func (a *action) field(t testing.TB, text string) {
	name, value, _ := strings.Cut(text, ":")
	a.name = string(unescape(t, name))
	a.value = strings.TrimPrefix(string(unescape(t, value)), " ")
}

var defaultHandler = []action{{verb: "write", data: []byte("ok")}}

// testHandler runs the actions of one request. An action that must wait is
// tried again whenever something has happened.
type testHandler struct {
	d       *testDriver
	actions []action
	busy    bool
	ended   bool   // by itself; what it does after that has no effect
	body    []byte // read by the action under way
	written int    // by the action under way

	hijacking bool // the connection can be taken as soon as the output is sent
}

func (h *testHandler) start(n int) {
	d := h.d
	list := defaultHandler
	if len(d.handlers) > 0 {
		list = d.handlers[min(n, len(d.handlers)-1)]
	}
	*h = testHandler{d: d, actions: list, busy: true}
	r := d.c.Request()
	d.see(fmt.Sprintf("* %s %s HTTP/1.%d", escape(r.Method()), escape(r.Target()), r.Minor()))
}

func (h *testHandler) run() {
	for h.busy {
		if len(h.actions) == 0 {
			if h.ended {
				h.busy = false
				return
			}
			h.actions = []action{{verb: "end"}}
		}
		if !h.do(h.actions[0]) {
			return
		}
		h.body, h.written = nil, 0
		if len(h.actions) > 0 {
			h.actions = h.actions[1:]
		}
	}
}

// do tries one action. It returns false if that must wait.
func (h *testHandler) do(a action) bool {
	c := &h.d.c
	var err error
	switch a.verb {
	case "wait":
		if !h.d.going && !h.d.finished {
			return false
		}
		h.d.going = false
	case "read", "read-all":
		return h.read(a)
	case "write":
		return h.write(a)
	case "file":
		if c.Borrowed() {
			return false
		}
		err = c.WriteFile(int64(a.n))
	case "flush":
		err = c.Flush()
	case "status":
		err = c.SetStatus(a.n)
	case "set":
		err = c.Header().Set(a.name, a.value)
	case "add":
		err = c.Header().Add(a.name, a.value)
	case "del":
		c.Header().Del(a.name)
	case "length":
		err = c.Header().DeclareLength(int64(a.n))
	case "trailer":
		err = c.ResponseTrailer().Add(a.name, a.value)
	case "info":
		err = h.inform(a)
	case "target":
		r := c.Request()
		h.d.see(fmt.Sprintf("* %s, scheme %q, authority %q, path %q, query %q", r.Form(),
			r.Scheme(), r.Authority(), r.Path(), r.Query()))
	case "fields":
		r := c.Request()
		for i := range r.Len() {
			name, value := r.At(i)
			h.d.see("*   " + escape(name) + ": " + escape(value))
		}
	case "trailers":
		r := c.Trailer()
		for i := range r.Len() {
			name, value := r.At(i)
			h.d.see("*   trailer " + escape(name) + ": " + escape(value))
		}
	case "hijack":
		return h.hijack(a)
	case "abort":
		c.Abort(h.d.now)
		h.ended = true
	case "end":
		h.ended = true
		err = c.End(h.d.now)
	default:
		h.d.t.Fatalf("unknown action %q", a.verb)
	}
	h.failed(a, err)
	return true
}

// hijack takes the connection, when all output has been sent.
func (h *testHandler) hijack(a action) bool {
	c := &h.d.c
	if !h.hijacking {
		if err := c.Hijackable(); err != nil {
			h.failed(a, err)
			return true
		}
		c.SwitchProtocols()
		h.hijacking = true
	}
	if c.State().Closed() {
		h.hijacking = false
		h.failed(a, ErrClosed)
		return true
	}
	if c.Unsent() {
		return false
	}
	h.hijacking = false
	h.d.see(`* hijacked, received "` + escape(c.Hijack()) + `"`)
	return true
}

func (h *testHandler) inform(a action) error {
	if a.name == "" {
		return h.d.c.Informational(a.n, nil)
	}
	var fields Header
	if err := fields.Set(a.name, a.value); err != nil {
		return err
	}
	return h.d.c.Informational(a.n, &fields)
}

func (h *testHandler) failed(a action, err error) {
	if err != nil {
		h.d.see("! " + a.verb + ": " + strings.TrimPrefix(err.Error(), "conn: "))
	}
}

// read takes content: a.n bytes, or all of it. When it can't be had, a handler
// that has not answered yet answers with the status that the failure deserves.
func (h *testHandler) read(a action) bool {
	c := &h.d.c
	for a.verb == "read-all" || len(h.body) < a.n {
		b, err := c.Body(h.d.now)
		if err != nil {
			h.seeBody(err)
			var peer *PeerError
			if errors.As(err, &peer) && !c.Committed() {
				h.actions = []action{a, {verb: "status", n: peer.Status}, {verb: "write", data: []byte(peer.Reason)}}
			}
			return true
		}
		if len(b) == 0 {
			return false
		}
		if a.verb == "read" {
			b = b[:min(len(b), a.n-len(h.body))]
		}
		h.body = append(h.body, b...)
		c.Consume(len(b))
	}
	h.seeBody(nil)
	return true
}

func (h *testHandler) seeBody(err error) {
	how := ""
	switch {
	case err == io.EOF:
		how = ", complete"
	case err != nil:
		how = ", " + strings.TrimPrefix(err.Error(), "conn: ")
	}
	h.d.see(`* body "` + escape(h.body) + `"` + how)
}

func (h *testHandler) write(a action) bool {
	c := &h.d.c
	if len(a.data) == 0 {
		n, err := c.Write(nil)
		if n != 0 {
			h.d.t.Errorf("%d of no bytes written", n)
		}
		h.failed(a, err)
		return true
	}
	for h.written < len(a.data) {
		if c.Borrowed() {
			return false
		}
		n, err := c.Write(a.data[h.written:])
		h.written += n
		if err != nil {
			h.failed(a, err)
			return true
		}
		if n == 0 {
			return false
		}
	}
	return true
}
