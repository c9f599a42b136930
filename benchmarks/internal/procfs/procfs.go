// Package procfs reads what a benchmark needs to know about processes and the machine from /proc.
//
// CPU time of a process is utime+stime of /proc/PID/stat: it covers all threads, those that have exited too, which the
// sum of /proc/PID/task/*/schedstat does not. It comes in clock ticks of 10 ms, but the kernel scales the sum to the
// scheduler's own nanosecond count, so that it is not sampled: over a run of 3 s the rounding is below 0.4 %.
//
// Packets are delivered on loopback while their sender is inside its system call. Where the kernel accounts interrupts
// apart (CONFIG_IRQ_TIME_ACCOUNTING) that part belongs to no process; it is the same for every server, the floor included.
// Elsewhere it belongs to the sender, and is to be counted when a machine's work is compared with that of its processes.
package procfs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the kernel's USER_HZ, 100 on every Linux architecture that Go supports.
const tick = 10 * time.Millisecond

// CPU is time on a CPU: in the program, and in the kernel on its behalf.
type CPU struct{ User, System time.Duration }

// Total returns the sum of both.
func (c CPU) Total() time.Duration { return c.User + c.System }

// Minus returns what was used since before.
func (c CPU) Minus(before CPU) CPU { return CPU{c.User - before.User, c.System - before.System} }

// TreeCPU returns the CPU time of process pid and of all its living descendants.
func TreeCPU(pid int) (CPU, error) {
	var total CPU
	err := walk(pid, func(pid int) error {
		cpu, err := processCPU(pid)
		total = CPU{total.User + cpu.User, total.System + cpu.System}
		return err
	})
	return total, err
}

// TreeRSSBytes returns the resident memory of process pid and of all its living descendants. Pages that they share are
// counted once for each of them, and what the kernel holds for their sockets is not counted.
func TreeRSSBytes(pid int) (int64, error) {
	var total int64
	err := walk(pid, func(pid int) error {
		rss, err := processRSSBytes(pid)
		total += rss
		return err
	})
	return total, err
}

func walk(pid int, visit func(int) error) error {
	if err := visit(pid); err != nil {
		return err
	}
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return err
	}
	for _, thread := range threads {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, thread.Name()))
		if err != nil && ended(err) {
			continue // the thread ended, or the kernel lacks CONFIG_PROC_CHILDREN
		}
		if err != nil {
			return err
		}
		for _, field := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				return err
			}
			if err := walk(child, visit); err != nil && !ended(err) {
				return err
			}
		}
	}
	return nil
}

// ended tells whether an error means that a process is no more: between the list of children and a look at one, it may end.
func ended(err error) bool { return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) }

func processCPU(pid int) (CPU, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return CPU{}, err
	}
	return parseProcessStat(text)
}

// parseProcessStat returns utime and stime, fields 14 and 15 of proc(5). Field 2, the command, may hold spaces and
// parentheses, so fields are counted from its last parenthesis.
func parseProcessStat(text []byte) (CPU, error) {
	end := bytes.LastIndexByte(text, ')')
	if end < 0 {
		return CPU{}, errors.New("procfs: stat has no command")
	}
	const firstAfterCommand, utime, stime = 3, 14, 15
	fields := strings.Fields(string(text[end+1:]))
	if len(fields) <= stime-firstAfterCommand {
		return CPU{}, errors.New("procfs: stat is too short")
	}
	var ticks [2]int64
	for i, field := range []int{utime, stime} {
		n, err := strconv.ParseInt(fields[field-firstAfterCommand], 10, 64)
		if err != nil {
			return CPU{}, fmt.Errorf("procfs: stat: %w", err)
		}
		ticks[i] = n
	}
	return CPU{time.Duration(ticks[0]) * tick, time.Duration(ticks[1]) * tick}, nil
}

// processRSSBytes prefers smaps_rollup, which walks the page table: the counter behind VmRSS lags by up to 64 pages a CPU.
func processRSSBytes(pid int) (int64, error) {
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid)); err == nil {
		return parseKilobytes(text, "Rss:")
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	return parseKilobytes(text, "VmRSS:")
}

func parseKilobytes(text []byte, key string) (int64, error) {
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, key)
		if !ok {
			continue
		}
		kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		return kilobytes << 10, err
	}
	return 0, fmt.Errorf("procfs: no %s", key)
}

// MachineCPU returns the CPU time that all processes of the machine have used, with what a hypervisor took from it
// (steal). Interrupts are in it if they are in the processes' own times. What a run leaves unexplained of its growth is the
// noise of others. The first call takes some 20 ms.
func MachineCPU() (time.Duration, error) {
	interrupts := processesHaveInterrupts()
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	return parseMachineStat(text, interrupts)
}

func parseMachineStat(text []byte, interrupts bool) (time.Duration, error) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := strings.Fields(string(line))
	const user, nice, system, irq, softirq, steal = 1, 2, 3, 6, 7, 8
	if len(fields) <= steal || fields[0] != "cpu" {
		return 0, errors.New("procfs: /proc/stat has no cpu line")
	}
	counted := []int{user, nice, system, steal}
	if interrupts {
		counted = append(counted, irq, softirq)
	}
	var ticks int64
	for _, i := range counted {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("procfs: /proc/stat: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// Model returns the CPU's name, or "" where /proc/cpuinfo has none.
func Model() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Kernel returns the running kernel's release.
func Kernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
