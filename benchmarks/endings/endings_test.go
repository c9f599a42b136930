package main

import (
	"strings"
	"testing"
	"time"
)

// TestTables: Pollard loses nothing, also in a few rounds with few clients. It waits for them as long as they do, for a
// busy machine may keep one from running for longer than the defaults.
func TestTables(t *testing.T) {
	o := &options{rounds: 2, busy: 8, depth: 4, clients: 4, together: 4, upload: 1e6, patience: 30 * time.Second}
	o.waits = o.patience
	var b strings.Builder
	if err := shutdowns(o, &b); err != nil {
		t.Fatal(err)
	}
	if err := earlyAnswers(o, &b); err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(b.String()) {
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| Pollard") {
			continue
		}
		n++
		if len(cells) == 7 && (cells[1] == "0" || cells[4] != "0") || len(cells) == 5 && cells[1] != "4" {
			t.Error(line)
		}
	}
	if n != 6 {
		t.Errorf("%d rows:\n%s", n, b.String())
	}
}
