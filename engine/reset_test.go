package engine_test

import (
	"bytes"
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// The reset that tells of a broken answer must not destroy the answers before it.
// That it does not over any transport is package conformance's to test.

// wholeAnswers come before the broken one. All of them are more than a peer's
// system takes that does not read, and less than ours does.
const wholeAnswers = 3

var wholeContent = bytes.Repeat([]byte("0123456789abcdef"), 400<<10/16)

// breaking answers /whole, and breaks any other answer off.
func breaking(w *engine.Response, r *engine.Request) {
	if string(r.Path()) == "/whole" {
		_, _ = w.Write(wholeContent)
		return
	}
	_, _ = w.WriteString("the beginning")
	_ = w.Flush()
	if string(r.Path()) == "/detached" {
		go w.Detach().Abort()
		return
	}
	panic(engine.ErrAbort)
}

// pipelineBroken asks for the whole answers and then for one that breaks off, and
// waits until the server has made them.
func (f *fixture) pipelineBroken(target string) *client {
	f.t.Helper()
	c := f.dial()
	before := f.Stats().Requests
	for range wholeAnswers {
		c.get("/whole")
	}
	c.send("GET %s HTTP/1.0\r\n\r\n", target)
	if !within(patience, func() bool {
		return f.Stats().States[engine.StateSending] == 1 && f.Stats().Requests == before+wholeAnswers+1
	}) {
		f.t.Fatalf("%+v", f.Stats())
	}
	return c
}

// wantsBroken reads what pipelineBroken has asked for.
func (c *client) wantsBroken() {
	c.t.Helper()
	for i := range wholeAnswers {
		if a := c.answer(); a.err != nil || a.body != string(wholeContent) {
			c.t.Fatalf("answer %d: %d bytes of %d, %v", i, len(a.body), len(wholeContent), a.err)
		}
	}
	resp, err := readResponse(c)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		c.t.Fatalf("the broken answer ends with %v", err)
	}
}

func TestResetLeavesAnswersWhole(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, breaking)
		for _, target := range []string{"/broken", "/detached"} {
			f.pipelineBroken(target).wantsBroken()
			c := f.pipelineBroken(target)
			c.closeWrite()
			time.Sleep(50 * time.Millisecond) // looks at the end, and a few times at what is acknowledged
			c.wantsBroken()
			f.booksAgree(0)
		}
	})
}

// TestResetWaitEnds: a reset that waits is bound by what bounds output.
func TestResetWaitEnds(t *testing.T) {
	var o engine.Options
	o.Timeouts.Write = 300 * time.Millisecond
	f := serve(t, o, breaking)
	limited := f.pipelineBroken("/broken")
	f.booksAgree(0)
	if _, err := limited.rest(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the write timeout ends with %v", err)
	}

	f = serve(t, engine.Options{}, breaking)
	f.pipelineBroken("/broken").reset()
	half := f.pipelineBroken("/detached")
	half.closeWrite()
	time.Sleep(50 * time.Millisecond)
	half.reset()
	f.booksAgree(0)

	f.pipelineBroken("/broken")
	_ = f.Close()
	f.booksAgree(0)
	if n := f.Stats().Closed[conn.ReasonPeerAsked]; n != 3 {
		t.Errorf("ended by reason %v", f.Stats().Closed)
	}
}

// TestLingerWhilePeerReads: what a peer sends late, because it has been reading,
// must not destroy what it has still to read.
func TestLingerWhilePeerReads(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Close.LingerIdle = 2 * time.Second
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/last" {
				check(t, w.SetHeader("Connection", "close"))
			}
			_, _ = w.Write(wholeContent)
		})
		c := f.dial()
		c.get("/whole")
		c.get("/whole")
		c.get("/last")
		resp, err := readResponse(c)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for b := make([]byte, 20<<10); got < len(wholeContent); { // in all longer than LingerIdle
			n, err := io.ReadFull(resp.Body, b[:min(len(b), len(wholeContent)-got)])
			if got += n; err != nil {
				t.Fatalf("%d bytes: %v", got, err)
			}
			time.Sleep(120 * time.Millisecond)
		}
		_, _ = io.Copy(io.Discard, resp.Body) // its end
		c.get("/whole")
		for range 2 {
			if a := c.answer(); a.err != nil || a.body != string(wholeContent) {
				t.Fatalf("%d bytes of %d, %v", len(a.body), len(wholeContent), a.err)
			}
		}
		c.ended()
		_ = c.Close()
		f.booksAgree(0)
	})
}
