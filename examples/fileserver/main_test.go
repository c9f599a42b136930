package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary builds the program once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "fileserver")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "fileserver")
	if out, err := exec.Command("go", "build", "-o", name, ".").CombinedOutput(); err != nil {
		return name, fmt.Errorf("%w: %s", err, out)
	}
	return name, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if name, _ := binary(); name != "" {
		_ = os.RemoveAll(filepath.Dir(name))
	}
	os.Exit(status)
}

func program(t *testing.T) string {
	t.Helper()
	name, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// process is a running fileserver.
type process struct {
	*exec.Cmd
	t      *testing.T
	url    string // with the slash at its end
	log    bytes.Buffer
	exited chan error
}

// startServer runs the program, and waits for the URL that it prints.
func startServer(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p := &process{t: t, exited: make(chan error, 1)}
	p.Cmd = exec.Command(program(t), append([]string{"-addr", "127.0.0.1:0", "-dir", dir}, args...)...)
	p.Stderr = &p.log
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(line)
	if err != nil || url == "" || !strings.Contains(line, dir) {
		t.Fatalf("printed %q: %v", line, err)
	}
	p.url = url
	go func() { p.exited <- p.Wait() }()
	return p
}

// status waits for the process to exit.
func (p *process) status() int {
	p.t.Helper()
	select {
	case err := <-p.exited:
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			return failed.ExitCode()
		}
		if err != nil {
			p.t.Fatal(err)
		}
		return 0
	case <-time.After(time.Minute):
		p.t.Fatal("does not exit")
		return -1
	}
}

// stall is what the engine says of a handler that a busy machine has held up.
var stall = regexp.MustCompile(`(?m)^\S+ \S+ INFO engine: a handler holds an event loop, .*\n`)

// said is the log of a process that has exited, but for stalls.
func (p *process) said() string {
	return stall.ReplaceAllString(p.log.String(), "")
}

// tree makes a folder with a small file and a long one.
func tree(t *testing.T) (dir string, long []byte) {
	t.Helper()
	dir = t.TempDir()
	long = bytes.Repeat([]byte("0123456789abcdef"), 4<<20) // 64 MiB: no socket buffer holds it
	for name, content := range map[string][]byte{"small.txt": []byte("small"), "long.bin": long, ".hidden": []byte("hidden")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir, long
}

func get(t *testing.T, url string) (status int, body []byte) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

func TestServes(t *testing.T) {
	dir, _ := tree(t)
	p := startServer(t, dir)
	for target, want := range map[string]string{"small.txt": "small", ".hidden": "hidden"} {
		if status, body := get(t, p.url+target); status != 200 || string(body) != want {
			t.Errorf("%s: %d %q", target, status, body)
		}
	}
	if status, body := get(t, p.url); status != 200 || !bytes.Contains(body, []byte("small.txt")) {
		t.Errorf("%d %q", status, body)
	}
	if status, _ := get(t, p.url+"a%0Ab%22%C3%BC"); status != 404 {
		t.Errorf("status %d", status)
	}
	_ = p.Process.Signal(os.Interrupt)
	if status := p.status(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	// The log: a line for each request, whatever is in it.
	lines := strings.Split(strings.TrimSpace(p.said()), "\n")
	pattern := regexp.MustCompile(`^\d{4}-\d\d-\d\dT[\d:.]{12}Z 127\.0\.0\.1:\d+ GET "[ -~]*" (200|404) \d+ \d+\.\d{3}ms$`)
	if len(lines) != 4 {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
	for _, line := range lines {
		if !pattern.MatchString(line) {
			t.Errorf("log: %q", line)
		}
	}
}

// A download that is under way when the signal comes is completed.
func TestSignalDuringDownload(t *testing.T) {
	dir, long := tree(t)
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		p := startServer(t, dir, "-log=false")
		resp, err := http.Get(p.url + "long.bin")
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 1<<20)
		if _, err := io.ReadFull(resp.Body, got); err != nil {
			t.Fatal(err)
		}
		_ = p.Process.Signal(signal)
		refused := time.Now().Add(time.Minute)
		for { // until nothing new is accepted
			c, err := net.Dial("tcp", resp.Request.URL.Host)
			if err != nil {
				break
			}
			_ = c.Close()
			if time.Now().After(refused) {
				t.Fatal("still listens")
			}
			time.Sleep(10 * time.Millisecond)
		}
		select {
		case err := <-p.exited:
			t.Fatalf("exited during the download: %v", err)
		default:
		}
		rest, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !bytes.Equal(append(got, rest...), long) {
			t.Errorf("%v: %d bytes, want %d: %v", signal, len(got)+len(rest), len(long), err)
		}
		http.DefaultClient.CloseIdleConnections()
		if status := p.status(); status != 0 {
			t.Errorf("%v: exit status %d: %s", signal, status, p.log.Bytes())
		}
		if said := p.said(); said != "" {
			t.Errorf("%v: printed %q", signal, said)
		}
	}
}

// Who does not read is not waited for without end.
func TestGraceEnds(t *testing.T) {
	dir, _ := tree(t)
	p := startServer(t, dir, "-log=false", "-grace", "300ms")
	resp, err := http.Get(p.url + "long.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_ = p.Process.Signal(syscall.SIGTERM)
	if status := p.status(); status != 1 || !strings.Contains(p.log.String(), "have been cut") {
		t.Errorf("exit status %d: %s", status, p.log.Bytes())
	}
}

// What can't work ends at once, with status 1 and a line that says why.
func TestRefusesToStart(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	taken := ln.Addr().String()
	missing := filepath.Join(dir, "missing")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-addr", taken, "-dir", dir}, "the address " + taken + " is in use"},
		{[]string{"-addr", "127.0.0.1:0", "-dir", missing}, "the folder " + missing + " does not exist"},
		{[]string{"-addr", "127.0.0.1:0", "-dir", file}, file + " is not a folder"},
		{[]string{"-addr", "nonsense", "-dir", dir}, "can't listen on nonsense"},
		{[]string{dir}, "-dir"},
	} {
		cmd := exec.Command(program(t), c.args...)
		var out, log bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &log
		stop := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		_ = cmd.Run()
		stop.Stop()
		line := log.String()
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(line, c.want) || strings.Count(line, "\n") != 1 || out.Len() > 0 {
			t.Errorf("%q: status %d, %q, printed %q", c.args, cmd.ProcessState.ExitCode(), line, out.String())
		}
	}
}
