package load

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/procfs"
)

const (
	// primingRequests go over one connection before memory is first looked at, so that what a server allocates once is
	// not taken for a cost of connections.
	primingRequests = 1000
	// settleTime lets the server finish what the last connections started, before its CPU time is watched.
	settleTime = 500 * time.Millisecond
	// liveSample is the distance of the connections that are asked once more at the end.
	liveSample = 100
	// spareFiles are needed apart from the connections.
	spareFiles = 256
)

// Idle is a load of connections that send one request each and then nothing.
type Idle struct {
	// AtMost so many are opened, where each costs the harness much; zero: as many as the settings say.
	AtMost int
}

func (l Idle) connections(s Settings) int {
	if l.AtMost > 0 {
		return min(s.IdleConnections, l.AtMost)
	}
	return s.IdleConnections
}

// Measure implements Load. The growth of the server's memory is that of its resident set: what the kernel holds for the
// sockets is the same for all servers and not in it.
func (l Idle) Measure(ctx context.Context, p *fleet.Process, s Settings) (Sample, error) {
	connections := l.connections(s)
	if err := checkFileLimit(connections); err != nil {
		return Sample{}, err
	}
	if err := verifyAnswers(ctx, p, []byte(smallGet), 1, Answer{}); err != nil {
		return Sample{}, err
	}
	clients := clients{process: p, in: bufio.NewReader(nil)}
	defer clients.close()
	if err := clients.open(ctx); err != nil {
		return Sample{}, err
	}
	for range primingRequests {
		if err := clients.ask(clients.conns[0]); err != nil {
			return Sample{}, fmt.Errorf("priming: %w", err)
		}
	}
	before, err := procfs.TreeRSSBytes(p.Pid)
	if err != nil {
		return Sample{}, err
	}
	if err := clients.openMore(ctx, connections); err != nil {
		return Sample{}, err
	}
	cpu, err := watchIdle(ctx, p.Pid, s.IdleWindow)
	if err != nil {
		return Sample{}, err
	}
	after, err := procfs.TreeRSSBytes(p.Pid)
	if err != nil {
		return Sample{}, err
	}
	if err := clients.verifyLive(); err != nil {
		return Sample{}, err
	}
	return Sample{Idle: &IdleCost{
		Connections:        connections,
		RSSBeforeBytes:     before,
		RSSAfterBytes:      after,
		BytesPerConnection: float64(after-before) / float64(connections),
		WindowSeconds:      s.IdleWindow.Seconds(),
		CPUMillis:          float64(cpu) / float64(time.Millisecond),
	}}, nil
}

// watchIdle returns the CPU time that the server uses while nobody asks it for anything.
func watchIdle(ctx context.Context, pid int, window time.Duration) (time.Duration, error) {
	if err := wait(ctx, settleTime); err != nil {
		return 0, err
	}
	before, err := procfs.TreeCPU(pid)
	if err != nil {
		return 0, err
	}
	if err := wait(ctx, window); err != nil {
		return 0, err
	}
	after, err := procfs.TreeCPU(pid)
	return after.Minus(before).Total(), err
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func checkFileLimit(connections int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if need := uint64(connections + spareFiles); limit.Cur < need {
		return fmt.Errorf("%d connections need %d open files in the harness and in the server, the limit is %d: "+
			"raise it (ulimit -n) or lower -idle-connections", connections, need, limit.Cur)
	}
	return nil
}

// clients are the open connections of an idle scenario.
type clients struct {
	process *fleet.Process
	conns   []net.Conn
	in      *bufio.Reader
}

func (c *clients) openMore(ctx context.Context, n int) error {
	for i := range n {
		if err := c.open(ctx); err != nil {
			return fmt.Errorf("connection %d of %d: %w", i+1, n, err)
		}
	}
	return nil
}

// verifyLive asks some of the connections once more.
func (c *clients) verifyLive() error {
	for i := 0; i < len(c.conns); i += liveSample {
		if err := c.ask(c.conns[i]); err != nil {
			return fmt.Errorf("the idle connection %d did not survive: %w", i, err)
		}
	}
	return nil
}

// open adds a connection that has had one answer.
func (c *clients) open(ctx context.Context) error {
	conn, err := dial(ctx, c.process)
	if err != nil {
		return err
	}
	c.conns = append(c.conns, conn)
	return c.ask(conn)
}

func (c *clients) ask(conn net.Conn) error {
	conn.SetDeadline(time.Now().Add(answerLimit))
	defer conn.SetDeadline(time.Time{}) // or thousands of timers would fire in the harness meanwhile
	if _, err := conn.Write([]byte(smallGet)); err != nil {
		return err
	}
	c.in.Reset(conn)
	_, err := verifyAnswer(c.in, Answer{})
	return err
}

// close resets the connections, which leaves no port in TIME_WAIT for the next run to stumble over.
func (c *clients) close() {
	for _, conn := range c.conns {
		if secured, ok := conn.(*tls.Conn); ok {
			conn = secured.NetConn()
		}
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
}
