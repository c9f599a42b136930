package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
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

// stemOf begins the names of the files of results in a directory: they sort by time.
func stemOf(dir string, results *report.Results) string {
	return filepath.Join(dir, results.Start.UTC().Format("20060102-150405"))
}

// keep writes the raw results in one step: whoever looks, at any time, sees all of these or all of those before.
func keep(dir string, results *report.Results) error {
	text, err := results.JSON()
	if err != nil {
		return err
	}
	path := stemOf(dir, results) + ".json"
	unfinished := path + ".part"
	if err := os.WriteFile(unfinished, text, 0o644); err != nil {
		os.Remove(unfinished)
		return err
	}
	return os.Rename(unfinished, path)
}

// save keeps the raw results, and makes the report and the charts of them.
func save(dir string, results *report.Results) error {
	if err := keep(dir, results); err != nil {
		return err
	}
	stem := stemOf(dir, results)
	if err := writeReport(stem, results); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s: raw results are in %s.json\n", time.Since(results.Start).Round(time.Second), stem)
	return nil
}

// shortfall is the error of a comparison that has not measured all it should have, or nil.
func shortfall(results *report.Results) error {
	var all []string
	if failures := results.Failures(); len(failures) > 0 {
		all = append(all, fmt.Sprintf("%d of %d runs failed:\n\t%s", len(failures), len(results.Runs),
			strings.Join(failures, "\n\t")))
	}
	if results.Interrupted {
		all = append(all, fmt.Sprintf("interrupted after %d runs", len(results.Runs)))
	}
	if all == nil {
		return nil
	}
	return errors.New(strings.Join(all, "\n"))
}
