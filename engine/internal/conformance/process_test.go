package conformance

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a real program that runs until the test ends.
type process struct {
	mu     sync.Mutex
	output bytes.Buffer
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

func (p *process) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.String()
}

// launch starts a program that listens at addr, and waits until it does.
func launch(t *testing.T, addr, path string, args ...string) *process {
	t.Helper()
	p := &process{}
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = p, p
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // it may have children
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	})
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			_ = c.Close()
			return p
		}
		select {
		case <-ended:
			t.Fatalf("%s has ended: %s", path, p)
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("%s does not listen at %s: %s", path, addr, p)
		}
	}
}

// runs runs a program to its end, and returns what it tells.
func runs(t *testing.T, path string, args ...string) string {
	t.Helper()
	cmd := exec.Command(path, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return string(out)
}

// scale returns how many there are to be of something.
func scale(short, usual, all int) int {
	switch {
	case *full:
		return all
	case testing.Short():
		return short
	}
	return usual
}

func url(s *server, target string) string { return fmt.Sprintf("http://%s%s", s.addr, target) }
