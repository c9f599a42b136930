package engine_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// TestCountsAsJSON: what a status page or a log writes of Stats has names, and a
// program reads the same back.
func TestCountsAsJSON(t *testing.T) {
	var s engine.Stats
	for i := range s.States {
		s.States[i] = int64(i) + 1
	}
	for i := range s.Closed {
		s.Closed[i] = int64(i) + 100
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range []string{`"idle":1`, `"hijacked":7`, `"none":100`, `"overrun":126`} {
		if !strings.Contains(string(text), n) {
			t.Errorf("%d: no %s in %s", i, n, text)
		}
	}
	back := engine.Stats{States: engine.ByState{engine.StateIdle: 9}, Closed: engine.ByReason{conn.ReasonIdle: 9}}
	if err := json.Unmarshal(text, &back); err != nil || back != s {
		t.Errorf("%v: %+v of %s", err, back, text)
	}
	if err := json.Unmarshal([]byte(`{"States":{"idle":3}}`), &back); err != nil || back.States != (engine.ByState{engine.StateIdle: 3}) {
		t.Errorf("%v: %v", err, back.States)
	}
	for _, wrong := range []string{`{"States":{"busy":3}}`, `{"Closed":{"idle":"3"}}`, `{"Closed":[1,2]}`} {
		if err := json.Unmarshal([]byte(wrong), &back); err == nil {
			t.Errorf("%s: no error", wrong)
		}
	}
	report, err := json.Marshal(engine.DrainReport{Cut: engine.ByState{engine.StateSending: 2}})
	if err != nil || !strings.Contains(string(report), `"sending":2`) {
		t.Errorf("%v: %s", err, report)
	}
	var line strings.Builder
	slog.New(slog.NewJSONHandler(&line, nil)).Info("drained", "report", engine.DrainReport{Open: 2, Cut: engine.ByState{engine.StateSending: 2}})
	if !strings.Contains(line.String(), `"report":"2 open, 0 accepted, 0 requests, cut sending: 2, in 0s"`) {
		t.Error(line.String())
	}
}
