package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// transcript is one of conn's, as far as it can be had over a connection: what
// is sent, what the handler does, and what a peer sees.
type transcript struct {
	testCase
	handlers [][]string // actions; the last list is for all further requests
}

// beyond are lines of transcripts whose clock, socket or life a peer can't reach.
var beyond = regexp.MustCompile(`(?m)^(config:|\+|socket|go|drain|close|reset|new|refuse|hijack|handler:.*\b(wait|file|hijack|end)\b)`)

func readTranscripts(t *testing.T) (all []*transcript) {
	t.Helper()
	names, err := filepath.Glob("../../../conn/testdata/*/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		short := strings.TrimSuffix(strings.TrimPrefix(name, "../../../conn/testdata/"), ".txt")
		if beyond.Match(text) || !strings.Contains(string(text), "\n< ") {
			continue
		}
		tr := &transcript{testCase: testCase{name: short}}
		before := ""
		for i, l := range strings.Split(string(text), "\n") {
			kind, arg, _ := strings.Cut(l, " ")
			if err := tr.take(i, kind, arg, before); err != nil {
				t.Fatalf("%s:%d: %v", name, i+1, err)
			}
			before = kind
		}
		for i := range tr.steps {
			tr.steps[i].want = normal(tr.steps[i].want)
		}
		if tr.wholeOnly == "" && sendsBehindClose(tr.sent()) {
			tr.wholeOnly = "who announces its end and sends more after the answer may be reset: it is not lingered for"
		}
		all = append(all, tr)
	}
	return all
}

// sent is all that the peer sends.
func (tr *transcript) sent() (all []byte) {
	for _, s := range tr.steps {
		all = append(all, s.data...)
	}
	return all
}

// sendsBehindClose tells that something follows a request without content with
// which the peer has announced its end.
func sendsBehindClose(sent []byte) bool {
	for {
		head, rest, found := bytes.Cut(sent, []byte("\r\n\r\n"))
		if !found || len(rest) == 0 {
			return false
		}
		if announcesEnd.Match(head) && !hasContent.Match(head) {
			return true
		}
		sent = rest
	}
}

var (
	announcesEnd = regexp.MustCompile(`(?im)^connection:.*\bclose\b| HTTP/1\.0\r$`)
	hasContent   = regexp.MustCompile(`(?im)^(content-length|transfer-encoding):`)
)

func (tr *transcript) take(line int, kind, arg, before string) error {
	switch kind {
	case "handler:":
		tr.handlers = append(tr.handlers, strings.Split(arg, ";"))
		return nil
	case "splits:": // where it is cut is a question of its size
		tr.wholeOnly = arg
		return nil
	case "*", "!", "?":
		return nil
	case "=":
		last := &tr.steps[len(tr.steps)-1]
		switch {
		case arg == "shutdown" || strings.HasPrefix(arg, "close"):
			last.ending = ends
		case strings.HasPrefix(arg, "reset"):
			last.ending = resets
		}
		return nil
	}
	return tr.testCase.take(line, kind, arg, before)
}

// conversation is the transcript without what a peer does when it has seen the end
// already: a write to a connection that was reset would hide that it was.
func (tr *transcript) conversation() *testCase {
	c := tr.testCase
	i := slices.IndexFunc(c.steps, func(s step) bool { return s.ending != "" })
	if i >= 0 && !slices.ContainsFunc(c.steps[i+1:], func(s step) bool { return s.kind != "end" }) {
		c.steps = c.steps[:i+1]
		return &c
	}
	c.steps = slices.Clone(c.steps)
	for k := range c.steps[:len(c.steps)-1] {
		c.steps[k].ending = "" // more is sent then, to no effect
	}
	return &c
}

// actors run the handlers of transcripts, each for the connection that plays it.
type actors struct {
	of    sync.Map // netip.AddrPort of the peer: *transcript
	alone sync.Mutex
}

func (a *actors) serve(w *engine.Response, r *engine.Request) {
	v, _ := a.of.Load(r.RemoteAddr())
	tr, ok := v.(*transcript)
	if !ok {
		_, _ = w.WriteString("Hello, World!")
		return
	}
	if len(tr.handlers) == 0 {
		_, _ = w.WriteString("ok")
		return
	}
	for _, action := range tr.handlers[min(r.Transaction(), len(tr.handlers))-1] {
		if err := act(w, r, strings.TrimSpace(action)); err != nil {
			// As conn's own driver does when a body can't be had.
			var peer *conn.PeerError
			if errors.As(err, &peer) && w.SetStatus(peer.Status) == nil {
				_, _ = w.WriteString(peer.Reason)
				return
			}
		}
	}
}

// act does one thing. Its error is that of a body that can't be read; misuse is
// what some transcripts are about.
func act(w *engine.Response, r *engine.Request, action string) error {
	verb, arg, _ := strings.Cut(action, " ")
	text, err := unescape(arg)
	if err != nil {
		panic(err)
	}
	name, value, _ := strings.Cut(string(text), ":")
	value = strings.TrimPrefix(value, " ")
	n, _ := strconv.Atoi(strings.Fields(arg + " 0")[0])
	switch verb {
	case "write":
		_, _ = w.Write(text)
	case "flush":
		_ = w.Flush()
	case "status":
		_ = w.SetStatus(n)
	case "length":
		_ = w.SetContentLength(int64(n))
	case "set":
		_ = w.SetHeader(name, value)
	case "add":
		_ = w.AddHeader(name, value)
	case "del":
		_ = w.DelHeader(name)
	case "trailer":
		_ = w.SetTrailer(name, value)
	case "info":
		_, field, _ := strings.Cut(string(text), " ")
		if name, value, given := strings.Cut(field, ":"); given {
			_ = w.Informational(n, engine.Field{Name: name, Value: strings.TrimPrefix(value, " ")})
		} else {
			_ = w.Informational(n)
		}
	case "read":
		_, err = io.ReadFull(r.Body(), make([]byte, n))
	case "read-all":
		_, err = io.Copy(io.Discard, r.Body())
	case "abort":
		panic(engine.ErrAbort)
	case "", "target", "fields", "trailers":
	default:
		panic("unknown action " + verb)
	}
	return err
}

// TestTranscripts holds every transport to those transcripts of conn that can
// be had over a connection.
func TestTranscripts(t *testing.T) {
	all := readTranscripts(t)
	const least = 250
	if len(all) < least {
		t.Errorf("%d transcripts", len(all))
	}
	for _, tr := range transports {
		t.Run(tr.name, func(t *testing.T) {
			a := &actors{}
			s, err := tr.startWith(patient, a.serve)
			if err != nil {
				t.Fatal(err)
			}
			defer s.comesDown(t)
			var done sync.WaitGroup
			gate := make(chan struct{}, atOnce)
			errs := make([]error, len(all))
			for i, one := range all {
				done.Add(1)
				gate <- struct{}{}
				go func() {
					defer func() { <-gate; done.Done() }()
					errs[i] = one.over(s, a, tr.secured)
				}()
			}
			done.Wait()
			for i, one := range all {
				if errs[i] != nil {
					t.Errorf("conn/testdata/%s.txt: %v", one.name, errs[i])
				}
			}
			t.Logf("%d transcripts", len(all))
		})
	}
}

func (tr *transcript) over(s *server, a *actors, secured bool) error {
	for _, how := range []sending{whole, byteByByte} {
		if how != whole && tr.wholeOnly != "" || secured && strings.Contains(tr.name, "https-unsecured") {
			continue
		}
		if err := tr.once(s, a, how); err != nil {
			return fmt.Errorf("%v: %w", how, err)
		}
	}
	return nil
}

func (tr *transcript) once(s *server, a *actors, how sending) error {
	c, err := s.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	from, err := netip.ParseAddrPort(c.LocalAddr().String())
	if err != nil { // peers have no address: theirs is the zero one, and one plays at a time
		a.alone.Lock()
		defer a.alone.Unlock()
	}
	a.of.Store(from, tr)
	defer a.of.Delete(from)
	return (&peer{connection: c, how: how}).plays(tr.conversation())
}
