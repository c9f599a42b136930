package engine_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// child is a server in a process of its own: the test binary, started again.
// Its descriptors can be limited and its memory and CPU be measured.
type child struct {
	t    *testing.T
	addr string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// report is what a child tells about itself.
type report struct {
	Stats       engine.Stats
	Descriptors int
	Resident    int // bytes
}

const childMode, childFiles, childTimeouts = "POLLARD_TEST_CHILD_MODE", "POLLARD_TEST_CHILD_FILES", "POLLARD_TEST_CHILD_TIMEOUTS"

// startChild starts one with at most so many descriptors; 0: as many as can be.
func startChild(t *testing.T, mode engine.Mode, files int) *child {
	t.Helper()
	return startChildWith(t, mode, files, engine.TimeoutOptions{})
}

func startChildWith(t *testing.T, mode engine.Mode, files int, timeouts engine.TimeoutOptions) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command(os.Args[0])}
	text, err := json.Marshal(timeouts)
	if err != nil {
		t.Fatal(err)
	}
	c.cmd.Env = append(os.Environ(), childMode+"="+mode.String(), childFiles+"="+strconv.Itoa(files), childTimeouts+"="+string(text))
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.in.Close()
		if err := c.cmd.Wait(); err != nil {
			t.Errorf("child: %v", err)
		}
	})
	line, err := c.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	c.addr = strings.TrimSpace(line)
	return c
}

// report asks the child.
func (c *child) report() (r report) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, "report\n"); err != nil {
		c.t.Fatal(err)
	}
	line, err := c.out.ReadString('\n')
	if err == nil {
		err = json.Unmarshal([]byte(line), &r)
	}
	if err != nil {
		c.t.Fatalf("child: %v", err)
	}
	return r
}

// runChild is the child's whole life. It reports false in an ordinary process.
func runChild() bool {
	name, ok := os.LookupEnv(childMode)
	if !ok {
		return false
	}
	if err := beChild(name); err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		os.Exit(1)
	}
	return true
}

func beChild(name string) error {
	var o engine.Options
	if err := o.Dispatch.Mode.UnmarshalText([]byte(name)); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(os.Getenv(childTimeouts)), &o.Timeouts); err != nil {
		return err
	}
	o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if n, _ := strconv.ParseUint(os.Getenv(childFiles), 10, 64); n > 0 {
		if err := limitFiles(n); err != nil {
			return err
		}
	}
	srv := engine.New(engine.HandlerFunc(childServes), o)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	fmt.Println(ln.Addr())

	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if err := json.NewEncoder(os.Stdout).Encode(ownReport(srv)); err != nil {
			return err
		}
	}
	if err := srv.Close(); err != nil {
		return err
	}
	<-served
	if !within(patience, func() bool { s := srv.Stats(); return s.Open == 0 && s.Workers == 0 && sum(s) == s.Accepted }) {
		return fmt.Errorf("after Close: %+v", srv.Stats())
	}
	return nil
}

// childServes "hello"; more than any buffer of the system takes; or "hello" with a
// descriptor of its own for a moment.
func childServes(w *engine.Response, r *engine.Request) {
	switch string(r.Path()) {
	case "/big":
		piece := make([]byte, 64<<10)
		for range 512 { // 32 MB
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
		return
	case "/open":
		f, err := os.Open(os.DevNull)
		if err != nil {
			_ = w.SetStatus(503)
			return
		}
		defer f.Close()
		time.Sleep(2 * time.Millisecond)
	}
	hello(w, r)
}

func ownReport(srv *engine.Server) report {
	runtime.GC()
	debug.FreeOSMemory() // collects a second time, and so empties the pools
	r := report{Stats: srv.Stats()}
	fds, _ := os.ReadDir("/proc/self/fd")
	r.Descriptors = len(fds)
	statm, _ := os.ReadFile("/proc/self/statm")
	if f := strings.Fields(string(statm)); len(f) > 1 {
		pages, _ := strconv.Atoi(f[1])
		r.Resident = pages * os.Getpagesize()
	}
	return r
}
