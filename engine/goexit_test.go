package engine_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// TestGoexitKeepsTheQueue: a worker that ends with its handler leaves its place
// to the one that waits, although others press for it.
func TestGoexitKeepsTheQueue(t *testing.T) {
	o := engine.Options{Dispatch: engine.DispatchOptions{Mode: engine.ModePooled, Loops: 2, Workers: 1, Queue: 1}}
	f := serve(t, o, func(*engine.Response, *engine.Request) { runtime.Goexit() })
	for _, err := range each(32, 32, func(int) error {
		c := f.dial()
		defer c.Close()
		for range 300 {
			c.get("/")
			if a := c.answer(); a.StatusCode != 500 && a.StatusCode != 503 {
				return errors.New(a.Status)
			} else if a.Close {
				c = f.dial()
			}
		}
		return nil
	}) {
		t.Error(err)
	}
	if s := f.Stats(); s.Requests+s.Declined != 32*300 {
		t.Errorf("%d requests and %d declined, of %d", s.Requests, s.Declined, 32*300)
	}
}

const goexitIn = "POLLARD_TEST_GOEXIT_IN"

// TestHookGoexit: a hook that ends its goroutine, as one that calls FailNow of a test
// does, ends the process with its name, and leaves no server that serves nobody.
func TestHookGoexit(t *testing.T) {
	if name := os.Getenv(goexitIn); name != "" {
		in := func(hook string) {
			if hook == name {
				runtime.Goexit()
			}
		}
		f := serve(t, engine.Options{Hooks: engine.Hooks{
			Panicked:     func(engine.Panic) { in("Panicked") },
			Opened:       func(engine.ConnInfo) { in("Opened") },
			StateChanged: func(engine.ConnInfo, engine.ConnState, engine.ConnState) { in("StateChanged") },
			Closed:       func(engine.ConnInfo, engine.ConnEnd) { in("Closed") },
			RequestDone:  func(engine.RequestRecord) { in("RequestDone") },
			Draining:     func() { in("Draining") },
			Drained:      func(engine.DrainReport, error) { in("Drained") },
		}}, func(*engine.Response, *engine.Request) { panic("for a test") })
		c := f.dial()
		c.get("/")
		c.wants(500, "500 Internal Server Error\n")
		_ = c.Close()
		f.booksAgree(0)
		check(t, f.Shutdown(context.Background()))
		time.Sleep(patience) // Draining and Drained have goroutines of their own
		return
	}
	for _, name := range []string{"Panicked", "Opened", "StateChanged", "Closed", "RequestDone", "Draining", "Drained"} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestHookGoexit$")
			cmd.Env = append(os.Environ(), goexitIn+"="+name)
			if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "panic: engine: hook "+name+" called runtime.Goexit") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
