package engine_test

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/pollard-go/pollard/engine"
	"golang.org/x/sys/unix"
)

const acceptForbidden = "POLLARD_TEST_ACCEPT_FORBIDDEN"

// TestAcceptForbidden: a listener that a rule of the system lets accept nothing
// rests, and its loop doesn't spin. The rule is for good, so it is that of a process
// of its own.
func TestAcceptForbidden(t *testing.T) {
	aboutLoops(t)
	if os.Getenv(acceptForbidden) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAcceptForbidden$", "-test.v")
		cmd.Env = append(os.Environ(), acceptForbidden+"=1")
		out, err := cmd.CombinedOutput()
		if s := string(out); err != nil {
			t.Fatalf("%v\n%s", err, s)
		} else if strings.Contains(s, "--- SKIP") {
			t.Skip(s)
		}
		return
	}
	if err := forbidAccept(); err != nil {
		t.Skipf("no filter of system calls: %v", err)
	}
	var o engine.Options
	o.Dispatch.Loops = 1
	log := records(&o)
	srv := engine.New(engine.HandlerFunc(hello), o)
	served := make(chan error, 1)
	ln := listen(t, "tcp", "127.0.0.1:0")
	go func() { served <- srv.Serve(ln) }()
	dial(t, "tcp", ln.Addr().String())
	if !within(patience, func() bool { return srv.Stats().Rests > 0 }) {
		t.Errorf("goes on: %+v", srv.Stats())
	}
	if !within(patience, func() bool { // the rest is counted first
		s := log.all()
		return strings.Contains(s, "accept pauses") && strings.Contains(s, unix.EPERM.Error())
	}) {
		t.Errorf("logged %q", log.all())
	}
	before := processorTime(t)
	time.Sleep(time.Second)
	if used := processorTime(t) - before; used > 500*time.Millisecond {
		t.Errorf("%v of processor time in a second", used)
	}
	if s := srv.Stats(); s.Rests > 1 || s.Accepted > 0 {
		t.Errorf("%+v", s)
	}
	check(t, srv.Close())
	<-served
}

// forbidAccept has accept4 fail with EPERM in this process from now on.
func forbidAccept() error {
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number of the call
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_ACCEPT4, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread() // the others are given what this thread has
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if _, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program))); e != 0 {
		return e
	}
	return nil
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u unix.Rusage
	check(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
