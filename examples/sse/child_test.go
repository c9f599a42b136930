package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	full    = flag.Bool("full", false, "test with 10,000 subscribers for a minute")
	profile = flag.String("heapprofile", "", "`file` that the server writes its heap to when it reports")
)

// The test binary, started again with childArgs set, is the program.
const childArgs, childProfile = "SSE_TEST_ARGS", "SSE_TEST_PROFILE"

func TestMain(m *testing.M) {
	if args, ok := os.LookupEnv(childArgs); ok {
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGUSR1)
		go reportOnSignal(asked)
		flag.CommandLine = flag.NewFlagSet("sse", flag.ExitOnError)
		os.Args = append([]string{"sse"}, strings.Fields(args)...)
		main()
		return
	}
	os.Exit(m.Run())
}

// memory is what a child tells of itself, in bytes.
type memory struct {
	Before   int // resident, as it was
	Resident int // after a collection that gave back all it could
	Heap     int // live objects
	Stacks   int
}

func reportOnSignal(asked chan os.Signal) {
	for range asked {
		m := memory{Before: resident()}
		runtime.GC()
		debug.FreeOSMemory() // collects a second time, and so empties the pools
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		m.Resident, m.Heap, m.Stacks = resident(), int(s.HeapAlloc), int(s.StackInuse)
		if name := os.Getenv(childProfile); name != "" {
			if f, err := os.Create(name); err == nil {
				_ = pprof.Lookup("heap").WriteTo(f, 0)
				_ = f.Close()
			}
		}
		_ = json.NewEncoder(os.Stdout).Encode(m)
	}
}

func resident() int {
	statm, _ := os.ReadFile("/proc/self/statm")
	if f := strings.Fields(string(statm)); len(f) > 1 {
		pages, _ := strconv.Atoi(f[1])
		return pages * os.Getpagesize()
	}
	return 0
}

// child is the program in a process of its own.
type child struct {
	*exec.Cmd
	t    *testing.T
	addr string
	out  *bufio.Reader

	exited chan struct{} // closed when it has
	status error         // then
}

func start(t *testing.T, args string) *child {
	t.Helper()
	c := &child{t: t, Cmd: exec.Command(os.Args[0]), exited: make(chan struct{})}
	c.Env = append(os.Environ(), childArgs+"=-addr 127.0.0.1:0 "+args, childProfile+"="+*profile)
	c.Stderr = os.Stderr
	out, in, err := os.Pipe() // not StdoutPipe, which Wait closes while it is read
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	t.Cleanup(func() { _ = out.Close() })
	_ = out.SetReadDeadline(time.Now().Add(10 * patience))
	c.Stdout = in
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		<-c.exited
	})
	c.out = bufio.NewReader(out)
	go func() {
		c.status = c.Wait()
		close(c.exited)
	}()
	line, err := c.out.ReadString('\n')
	if _, scanned := fmt.Sscanf(line, "listening on http://%s", &c.addr); err != nil || scanned != nil {
		t.Fatalf("printed %q: %v", line, err)
	}
	c.addr = strings.TrimSuffix(c.addr, "/")
	return c
}

func (c *child) memory() (m memory) {
	c.t.Helper()
	err := c.Process.Signal(syscall.SIGUSR1)
	if err == nil {
		var line string
		if line, err = c.out.ReadString('\n'); err == nil {
			err = json.Unmarshal([]byte(line), &m)
		}
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

// ends sends the signal, and checks that the program ends in order. What it
// does until then is checked meanwhile.
func (c *child) ends(s syscall.Signal, meanwhile func()) {
	c.t.Helper()
	if err := c.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
	meanwhile()
	select {
	case <-c.exited:
	case <-time.After(patience):
		_ = c.Process.Signal(syscall.SIGQUIT) // it tells what it waits for
		<-c.exited
	}
	if c.status != nil {
		c.t.Errorf("after %v: %v", s, c.status)
	}
}
