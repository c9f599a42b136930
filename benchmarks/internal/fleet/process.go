package fleet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	startLimit  = time.Minute
	stopLimit   = 3 * time.Second
	probePeriod = 200 * time.Microsecond
	// keptLogBytes of what a server writes are shown when it fails.
	keptLogBytes = 4096
)

// Process is a running server.
type Process struct {
	Pid  int
	Addr string
	// FirstAnswer is how long after the program's start its first answer came; of a TLS server, the first accepted
	// connection.
	FirstAnswer time.Duration
	// Server is what runs, and Secured tells that it speaks TLS.
	Server  Server
	Secured bool

	cmd  *exec.Cmd
	dir  string
	log  keptLog
	done chan struct{}
	// stop ends it once.
	stop sync.Once
}

// Start runs the server on one CPU and returns when it answers. Port and Dir of the launch are chosen here. The child is
// told to end when the calling thread does, so the caller must be locked to a thread that lives as long as the harness.
func Start(ctx context.Context, s Server, built Built, cpu int, launch Launch) (*Process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pollard-"+s.Name+"-")
	if err != nil {
		return nil, err
	}
	launch.Port, launch.Dir = port, dir
	args, err := s.Args(launch)
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	// taskset replaces itself by the program, which therefore has the child's process number.
	cmd := exec.Command("taskset", append([]string{"-c", strconv.Itoa(cpu), built.Path}, args...)...)
	cmd.Dir = dir
	// A group of its own: an interrupt at the terminal reaches the harness alone, which then stops the server with all
	// its workers.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	p := &Process{
		Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Server: s, Secured: launch.Certificate != "",
		cmd: cmd, dir: dir, done: make(chan struct{}),
	}
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	start := time.Now()
	if err := cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	p.Pid = cmd.Process.Pid
	go func() {
		cmd.Wait()
		close(p.done)
	}()
	if err := p.waitReady(ctx); err != nil {
		p.Stop()
		return nil, fmt.Errorf("%w%s", err, p.log.quoted())
	}
	p.FirstAnswer = time.Since(start)
	return p, nil
}

// Stop ends the server and its workers, and returns when they are gone. It may be called more than once, and by any
// goroutine.
func (p *Process) Stop() { p.stop.Do(p.end) }

func (p *Process) end() {
	syscall.Kill(-p.Pid, syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopLimit):
	}
	syscall.Kill(-p.Pid, syscall.SIGKILL)
	<-p.done
	os.RemoveAll(p.dir)
}

// Exited tells whether the server has ended by itself, with what it wrote.
func (p *Process) Exited() error {
	select {
	case <-p.done:
		return fmt.Errorf("the server ended: %s%s", p.cmd.ProcessState, p.log.quoted())
	default:
		return nil
	}
}

func (p *Process) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", p.Addr)
		if err == nil {
			defer conn.Close()
			if p.Secured {
				return nil
			}
			return firstByte(ctx, conn)
		}
		select {
		case <-p.done:
			return errors.New("the server ended at start: " + p.cmd.ProcessState.String())
		case <-ctx.Done():
			return fmt.Errorf("the server did not listen: %w", ctx.Err())
		case <-time.After(probePeriod):
		}
	}
}

// firstByte has the server answer something: a listening socket alone only tells of the kernel.
func firstByte(ctx context.Context, conn net.Conn) error {
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
		return err
	}
	_, err := conn.Read(make([]byte, 1))
	return err
}

// freePort finds a port that nobody listens at. It is not one of those that the kernel gives to clients, which may take
// it before the server does.
func freePort() (int, error) {
	for range 100 {
		port := 10_000 + rand.IntN(20_000)
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return port, listener.Close()
		}
	}
	return 0, errors.New("no port is free")
}

// keptLog keeps the first bytes written to it. It is read after its writer's process has ended.
type keptLog struct{ text strings.Builder }

func (l *keptLog) Write(p []byte) (int, error) {
	if room := keptLogBytes - l.text.Len(); room > 0 {
		l.text.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (l *keptLog) quoted() string {
	if l.text.Len() == 0 {
		return ""
	}
	return "; it wrote:\n" + l.text.String()
}
