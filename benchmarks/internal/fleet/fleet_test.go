package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/pollard-go/pollard/benchmarks/internal/procfs"
)

func workshop(t *testing.T) *Workshop {
	return &Workshop{Root: "../..", Bin: t.TempDir()}
}

// missing skips a test for want of a program, or fails where every test is to run.
func missing(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("POLLARD_REQUIRE_PROGRAMS") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
}

func serverCPU() int {
	cpu, _ := procfs.TwoCPUs()
	return cpu
}

func TestTableIsComplete(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range Table() {
		if s.Name == "" || s.About == "" || s.Program == nil || s.Args == nil || s.Offers == 0 || seen[s.Name] {
			t.Errorf("server %q is incomplete or not the only one of its name", s.Name)
		}
		seen[s.Name] = true
	}
}

func TestUnavailablePrograms(t *testing.T) {
	for _, p := range []Program{Installed{Name: "no-such-server"}, GoProgram{Dir: "servers/no-such-server"}} {
		if _, err := workshop(t).Build(context.Background(), p); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%+v: got %v", p, err)
		}
	}
}

// The floor stands for all: it is built, answers on the port that it was given, is seen to live and is gone after Stop.
func TestStartAndStop(t *testing.T) {
	if _, err := exec.LookPath("taskset"); err != nil {
		missing(t, err)
	}
	floor := Table()[0]
	built, err := workshop(t).Build(context.Background(), floor.Program)
	if errors.Is(err, ErrUnavailable) {
		missing(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := Start(context.Background(), floor, built, serverCPU(), Launch{Close: true})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get("http://" + p.Addr)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if string(body) != "Hello, World!" || !answer.Close {
		t.Errorf("got %q, close %v", body, answer.Close)
	}
	if err := p.Exited(); err != nil {
		t.Error(err)
	}
	p.Stop()
	if p.Exited() == nil {
		t.Error("the server lives on")
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", p.Pid)); err == nil {
		t.Error("the process is still there")
	}
}

func TestStartTellsWhyAServerEnded(t *testing.T) {
	if _, err := exec.LookPath("taskset"); err != nil {
		missing(t, err)
	}
	path := filepath.Join(t.TempDir(), "server")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho no such mode >&2\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_, err := Start(context.Background(), Server{Name: "broken", Args: addrFlag}, Built{Path: path}, serverCPU(), Launch{})
	if err == nil || !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "no such mode") {
		t.Errorf("got %v", err)
	}
}
