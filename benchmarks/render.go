package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/pollard-go/pollard/benchmarks/internal/report"
)

// render makes everything that is shown of a file of raw results: the report on standard output, in RESULTS.md and beside
// the file, the charts beside it and for the READMEs, and the figures in the README of the repository.
func render(o *options, root string) error {
	file := inModule(o.renderFile, root)
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var results report.Results
	if err := json.Unmarshal(text, &results); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	fmt.Print(results.Markdown())
	stem := file[:len(file)-len(filepath.Ext(file))]
	if err := writeReport(stem, &results); err != nil {
		return err
	}
	charts := inModule(o.chartsDir, root)
	if err := writeCharts(charts, "", &results); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "RESULTS.md"), []byte(results.Markdown()), 0o644); err != nil {
		return err
	}
	repository := filepath.Dir(root)
	relative, err := filepath.Rel(repository, charts)
	if err != nil {
		return err
	}
	return insert(filepath.Join(repository, "README.md"), results.Excerpt(filepath.ToSlash(relative)))
}

// inModule makes a path of the command line one that is relative to the module.
func inModule(path, root string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}

// writeReport writes what is read of results, and the charts, under names that begin with stem.
func writeReport(stem string, results *report.Results) error {
	if err := os.WriteFile(stem+".md", []byte(results.Markdown()), 0o644); err != nil {
		return err
	}
	return writeCharts(filepath.Dir(stem), filepath.Base(stem)+"-", results)
}

func writeCharts(dir, prefix string, results *report.Results) error {
	charts, err := results.Charts()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(charts)) {
		if err := os.WriteFile(filepath.Join(dir, prefix+name), charts[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// insert puts an excerpt into its place in a file.
func insert(file, excerpt string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if text, err = report.Insert(text, excerpt); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, text, 0o644)
}
