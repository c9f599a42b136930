package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/report"
)

// progress tells on standard error what is being done: on a terminal in one line that is overwritten.
type progress struct {
	out        *os.File
	isTerminal bool
}

func newProgress(out *os.File) *progress {
	info, err := out.Stat()
	return &progress{out: out, isTerminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

const clearLine = "\r\x1b[K"

func (p *progress) show(format string, args ...any) {
	if p.isTerminal {
		fmt.Fprintf(p.out, clearLine+format, args...)
		return
	}
	fmt.Fprintf(p.out, format+"\n", args...)
}

// note leaves a line that stays.
func (p *progress) note(format string, args ...any) {
	p.show(format, args...)
	if p.isTerminal {
		fmt.Fprintln(p.out)
	}
}

func (p *progress) end() {
	if p.isTerminal {
		fmt.Fprint(p.out, clearLine)
	}
}

// save keeps the raw results, the report and the charts under names that sort by time.
func save(dir, root string, results *report.Results) error {
	dir = inModule(dir, root)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := results.JSON()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, results.Start.UTC().Format("20060102-150405"))
	if err := os.WriteFile(path+".json", text, 0o644); err != nil {
		return err
	}
	if err := writeReport(path, results); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s: raw results are in %s.json\n", time.Since(results.Start).Round(time.Second), path)
	return nil
}
