package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/procfs"
	"github.com/pollard-go/pollard/benchmarks/internal/report"
)

// asProgram has the test's own executable be the command.
const asProgram = "POLLARD_BENCHMARKS_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestKeepReplacesTheFile(t *testing.T) {
	dir := t.TempDir()
	results := &report.Results{Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	for n := 1; n <= 2; n++ {
		results.Runs = append(results.Runs, report.Run{Server: "a", Round: n})
		if err := keep(dir, results); err != nil {
			t.Fatal(err)
		}
	}
	if files := filesIn(t, dir); len(files) != 1 || filepath.Base(files[0]) != "20260102-030405.json" {
		t.Errorf("there are %q", files)
	}
	if back := readResults(t, dir); len(back.Runs) != 2 {
		t.Errorf("got %+v", back)
	}
}

// A terminated comparison leaves its results and their report, and neither processes nor temporary files.
func TestTerminatedComparison(t *testing.T) {
	for _, program := range []string{"taskset", "wrk", "cc"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("POLLARD_REQUIRE_PROGRAMS") == "1" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	if cpus, err := procfs.AllowedCPUs(); err != nil || len(cpus) < 2 {
		t.Skipf("server and client need a CPU each; there are %v, %v", cpus, err)
	}
	kept, temporary := t.TempDir(), t.TempDir()
	cmd := exec.Command(os.Args[0], "-servers", "floor", "-scenarios", "get-1,get-64", "-quick", "-runs", "1000", "-results", kept)
	cmd.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+temporary)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	// The first round is there while the second is being made.
	for deadline := time.Now().Add(time.Minute); len(filesIn(t, kept)) == 0; time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-ended:
			t.Fatalf("it ended: %v\n%s", err, stderr.String())
		default:
		}
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			t.Fatal("no results")
		}
	}
	cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(time.Minute):
		cmd.Process.Kill()
		t.Fatal("it does not end")
	}
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(stderr.String(), "interrupted after") {
		t.Errorf("exit code %d, it wrote:\n%s", code, stderr.String())
	}
	results := readResults(t, kept)
	if !results.Interrupted || len(results.Runs) == 0 || results.Runs[0].Throughput == nil {
		t.Errorf("got %+v", results)
	}
	for _, want := range []string{"**Interrupted**", " of 1000 rounds.", "| floor | "} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in:\n%s", want, stdout.String())
		}
	}
	if left := filesIn(t, temporary); len(left) > 0 {
		t.Errorf("left behind are %q", left)
	}
	if left := processesNaming(t, temporary); len(left) > 0 {
		t.Errorf("these run on: %q", left)
	}
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// readResults reads the only raw results of a directory.
func readResults(t *testing.T, dir string) (results report.Results) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("there are %q, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &results); err != nil {
		t.Fatal(err)
	}
	return results
}

// processesNaming returns the command lines in which the directory is: servers run from there, and wrk's script is there.
func processesNaming(t *testing.T, dir string) (lines []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.Contains(string(text), dir) {
			lines = append(lines, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return lines
}
