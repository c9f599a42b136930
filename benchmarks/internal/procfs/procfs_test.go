package procfs

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func TestParseProcessStat(t *testing.T) {
	const fields = " S 1 42 42 0 -1 4194560 100 200 0 0 150 250 7 8 20 0 1 0 1234 4096 100"
	for _, command := range []string{"(server)", "(a b)", "(weird) (name)"} {
		cpu, err := parseProcessStat([]byte("42 " + command + fields))
		if want := 4 * time.Second; err != nil || cpu.Total() != want || cpu.User != 1500*time.Millisecond {
			t.Errorf("%s: got %v, %v; want %v", command, cpu, err, want)
		}
	}
	for _, broken := range []string{"", "42 (x) S 1 2", "42 (x) S 1 42 42 0 -1 4194560 100 200 0 0 many 250"} {
		if _, err := parseProcessStat([]byte(broken)); err == nil {
			t.Errorf("%q: no error", broken)
		}
	}
}

func TestParseKilobytes(t *testing.T) {
	got, err := parseKilobytes([]byte("Name:\tx\nVmRSS:\t    1772 kB\nThreads:\t1\n"), "VmRSS:")
	if err != nil || got != 1772<<10 {
		t.Errorf("got %d, %v", got, err)
	}
	if _, err := parseKilobytes([]byte("Name:\tx\n"), "VmRSS:"); err == nil {
		t.Error("no error for a missing key")
	}
}

func TestParseMachineStat(t *testing.T) {
	const text = "cpu  100 10 200 5000 60 7 8 30 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
	for interrupts, want := range map[bool]time.Duration{false: 3400 * time.Millisecond, true: 3550 * time.Millisecond} {
		got, err := parseMachineStat([]byte(text), interrupts)
		if err != nil || got != want {
			t.Errorf("with interrupts %v: got %v, %v; want %v", interrupts, got, err, want)
		}
	}
}

// What a thread used of the machine while it sent itself packets must be in the machine's time, or so much of the work of
// others would not be seen. The machine's time is sampled, hence the tolerance.
func TestMachineHasWhatItsProcessesHave(t *testing.T) {
	fd, err := socketToItself()
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	machine, err := MachineCPU()
	if err != nil {
		t.Fatal(err)
	}
	before, packet := threadCPU(), make([]byte, 64)
	for threadCPU()-before < 400*time.Millisecond {
		syscall.Write(fd, packet)
		syscall.Read(fd, packet)
	}
	own := threadCPU() - before
	after, err := MachineCPU()
	if err != nil {
		t.Fatal(err)
	}
	if after-machine < own*4/5 {
		t.Errorf("the machine used %v and a thread alone %v", after-machine, own)
	}
}

func TestParseCPUs(t *testing.T) {
	for list, want := range map[string]string{"0": "[0]", "0-1": "[0 1]", "2-4,7": "[2 3 4 7]"} {
		if got, err := parseCPUs(list); fmt.Sprint(got) != want || err != nil {
			t.Errorf("%s: got %v, %v", list, got, err)
		}
	}
	for _, broken := range []string{"", "0-", "a,1"} {
		if _, err := parseCPUs(broken); err == nil {
			t.Errorf("%q: no error", broken)
		}
	}
	if cpus, err := AllowedCPUs(); len(cpus) == 0 || err != nil {
		t.Errorf("allowed are %v, %v", cpus, err)
	}
}

// A shell that spends CPU time in a child must be seen to do so, or an nginx worker would be measured as idle.
func TestTreeCountsDescendants(t *testing.T) {
	shell := exec.Command("sh", "-c", `sh -c 'while :; do :; done' & wait`)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := shell.Start(); err != nil {
		t.Skip(err)
	}
	defer shell.Wait()
	defer syscall.Kill(-shell.Process.Pid, syscall.SIGKILL)
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		cpu, err := TreeCPU(shell.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if cpu.Total() >= 2*tick {
			return
		}
		time.Sleep(tick)
	}
	t.Error("the child's CPU time was not counted")
}
