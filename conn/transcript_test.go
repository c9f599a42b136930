package conn

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Transcripts are text files under testdata that read as decisions: what is
// received, what the handler is given, what is sent, and how it ends. The
// forms of their lines are told in testdata/README.md.
//
// Each is replayed whole, where every line must be as written; and byte by
// byte, and cut in two at every place of every received piece. Each of these
// with the received bytes lent for ever, or only until the turn's end, or only
// until the handler starts (and then overwritten); and with a socket that
// takes all output, or one byte at a time. What is sent, what the handler sees
// and why the connection ends must not depend on any of that.

var update = flag.Bool("update", false, "write what happens into the transcripts: review the difference")

func transcriptFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	return files
}

func TestTranscripts(t *testing.T) {
	for _, name := range transcriptFiles(t) {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(name, "testdata/"), ".txt"), func(t *testing.T) {
			s := readTranscript(t, name)
			whole := s.replay(t, replayMode{})
			if *update {
				s.write(t, name, whole)
				return
			}
			for i, st := range s.steps {
				if got := whole.lines[i]; !slices.Equal(got, st.want) {
					t.Fatalf("line %d: after %q\ngot:\n\t%s\nwant:\n\t%s", st.line, st.text(),
						strings.Join(got, "\n\t"), strings.Join(st.want, "\n\t"))
				}
			}
			if s.wholeOnly == "" {
				s.replaySplit(t, whole)
			}
		})
	}
}

// TestTranscriptClauses: a transcript that names no clause is no decision.
func TestTranscriptClauses(t *testing.T) {
	clause := regexp.MustCompile(`^# RFC (9110|9112) (§|appendix )[A-Z0-9.]+( \(\d\))?: .{8,}`)
	files := transcriptFiles(t)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(string(text), "\n"); !clause.MatchString(first) {
			t.Errorf("%s: the first line names no clause: %q", name, first)
		}
	}
	if len(files) < 140 {
		t.Errorf("only %d transcripts", len(files))
	}
}

// replayMode is a way to replay a transcript.
type replayMode struct {
	step, at  int  // the piece of this step is cut here; at 0: none is
	bytewise  bool // all pieces come byte by byte
	lend      lending
	trickling bool // the socket takes one byte at a time
}

// lending says how long received bytes stay as they are.
type lending uint8

const (
	lendForEver lending = iota
	lendTurn            // until the driver's turn ends
	lendHead            // and no longer than until the handler starts
	lendings
)

func (m replayMode) String() string {
	return fmt.Sprintf("step %d cut at %d, bytewise %t, lending %d, trickling %t",
		m.step, m.at, m.bytewise, m.lend, m.trickling)
}

// replaySplit replays s in all ways and compares with the whole one.
func (s *transcript) replaySplit(t *testing.T, whole *replayed) {
	for lend := range lendings {
		for _, trickling := range []bool{false, true} {
			m := replayMode{lend: lend, trickling: trickling}
			s.compare(t, whole, m)
			m.bytewise = true
			s.compare(t, whole, m)
			m.bytewise = false
			for i, st := range s.steps {
				stride := 1
				if s.splits > 0 {
					stride = max(1, len(st.data)/s.splits)
				}
				for at := 1; at < len(st.data); at += stride {
					m.step, m.at = i, at
					s.compare(t, whole, m)
				}
			}
		}
	}
}

func (s *transcript) compare(t *testing.T, whole *replayed, m replayMode) {
	t.Helper()
	got := s.replay(t, m)
	for i := range s.steps {
		st := s.steps[i].text()
		if !bytes.Equal(got.sent[i], whole.sent[i]) {
			t.Fatalf("%s: line %d %s: sent\n%q\nwhole:\n%q", m, s.steps[i].line, st, got.sent[i], whole.sent[i])
		}
		if !slices.Equal(got.seen[i], whole.seen[i]) {
			t.Fatalf("%s: line %d %s: the handler saw\n%q\nwhole:\n%q", m, s.steps[i].line, st, got.seen[i], whole.seen[i])
		}
	}
	if !slices.Equal(got.reasons, whole.reasons) {
		t.Fatalf("%s: ended by %v, whole: %v", m, got.reasons, whole.reasons)
	}
}

// replayed is what happened, by step.
type replayed struct {
	lines   [][]string // as in the file
	sent    [][]byte
	seen    [][]string // by the handler
	reasons []Reason   // one for each connection
}

func (s *transcript) replay(t *testing.T, m replayMode) (r *replayed) {
	cfg := s.config
	d := &testDriver{t: t, cfg: &cfg, handlers: s.handlers, mode: m}
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: at step %d", m, len(d.out.lines))
			panic(p)
		}
	}()
	d.open()
	for i, st := range s.steps {
		d.do(i, st)
		d.endStep()
	}
	d.finish()
	return &d.out
}

// do takes one step.
func (d *testDriver) do(i int, st step) {
	if st.kind == "new" {
		d.finish()
		d.open()
		return
	}
	if d.closed && st.kind != "?" {
		return // the socket is gone
	}
	switch st.kind {
	case "<":
		switch {
		case d.mode.bytewise:
			for j := range st.data {
				d.receive(st.data[j : j+1])
			}
		case d.mode.at > 0 && d.mode.step == i:
			d.receive(st.data[:d.mode.at])
			d.receive(st.data[d.mode.at:])
		default:
			d.receive(st.data)
		}
	case "end":
		d.c.ReceiveEnd(d.now)
		d.turn()
	case "reset":
		d.c.ReceiveReset(d.now)
		d.turn()
	case "+":
		d.pass(st.duration(d.t))
	case "drain":
		hold := time.Duration(0)
		if st.arg != "" {
			hold = st.duration(d.t)
		}
		d.c.Drain(d.now, hold)
		d.turn()
	case "refuse":
		d.c.Refuse(d.now, number(d.t, st.arg), time.Second)
		d.turn()
	case "close":
		d.c.Close(ReasonServer)
		d.turn()
	case "go":
		d.going = true
		d.turn()
	case "socket":
		d.room = st.room(d.t)
		d.turn()
	case "unacknowledged":
		d.unacknowledged = int64(number(d.t, st.arg))
	case "?":
		d.note("= " + d.describe())
	default:
		d.t.Fatalf("line %d: unknown step %q", st.line, st.kind)
	}
}

// describe tells what a driver can ask for.
func (d *testDriver) describe() string {
	reading, unsent := "reading", ""
	if !d.c.WantsInput() {
		reading = "not reading"
	}
	if d.c.Unsent() {
		unsent = ", output waits"
	}
	when, kind := d.c.Deadline()
	deadline := "no deadline"
	if kind != NoDeadline {
		deadline = fmt.Sprintf("%s deadline in %s", kind, (when - d.now).Round(time.Millisecond))
	}
	return fmt.Sprintf("%s, %s, %s%s", d.c.State(), reading, deadline, unsent)
}
