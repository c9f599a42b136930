package engine_test

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/programs"
	"golang.org/x/sys/unix"
)

const (
	shapedServer = "10.231.117.1"
	shapedClient = "10.231.117.2"
	// bottleneck has packets wait: what is sent is on its way for a while, as it
	// never is on the loopback.
	bottleneck = "tbf rate 200mbit burst 64kb latency 50ms"
)

// TestEarlyAnswersOverNetwork: between two network namespaces, joined by a link
// with a queue. A reset that overtakes an answer does so here.
func TestEarlyAnswersOverNetwork(t *testing.T) {
	link := newNetwork(t)
	n := scale(10, 30, 1000)
	for i, e := range earlyAnswers(1<<20, 1<<20) {
		t.Run(e.name, func(t *testing.T) {
			inModes(t, func(t *testing.T, o engine.Options) {
				e.set(&o)
				f := serveOn(t, link.listen(t), o, refuses)
				var failed []string
				link.run(t, order{Addr: f.addr, Kind: "early", N: n, Of: i}, &failed)
				for _, err := range failed[:min(len(failed), 5)] {
					t.Error(err)
				}
				t.Logf("%d of %d read the whole answer", n-len(failed), n)
				f.booksAgree(0)
			})
		})
	}
}

// early has clients send requests that are refused early.
func (o order) early() []string {
	e := earlyAnswers(1<<20, 1<<20)[o.Of]
	told := []string{}
	for _, err := range each(o.N, 50, func(int) error { return e.sendThenRead("tcp", o.Addr) }) {
		told = append(told, err.Error())
	}
	return told
}

// network is two namespaces and the link between them.
type network struct{ ip, server, client string }

// newNetwork makes one, which is gone when the test ends.
func newNetwork(t *testing.T) network {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may make network namespaces")
	}
	ip, tc := programs.Find(t, "ip"), programs.Find(t, "tc")
	name := fmt.Sprintf("pollard%d", os.Getpid())
	n := network{ip: ip, server: name + "s", client: name + "c"}
	command := func(path, line string) error {
		out, err := exec.Command(path, strings.Fields(line)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s %s: %w: %s", path, line, err, out)
		}
		return nil
	}
	for _, ns := range []string{n.server, n.client} {
		if err := command(ip, "netns add "+ns); err != nil {
			t.Skipf("network namespaces can't be made: %v", err) // root in a container has not every right
		}
		t.Cleanup(func() {
			if err := command(ip, "netns delete "+ns); err != nil { // and with it its end of the link
				t.Error(err)
			}
		})
	}
	for _, c := range []struct{ path, line string }{
		{ip, "link add veth0 netns " + n.server + " type veth peer name veth0 netns " + n.client},
		{ip, "-n " + n.server + " address add " + shapedServer + "/30 dev veth0"},
		{ip, "-n " + n.client + " address add " + shapedClient + "/30 dev veth0"},
		{ip, "-n " + n.server + " link set veth0 up"},
		{ip, "-n " + n.client + " link set veth0 up"},
		{tc, "-n " + n.server + " qdisc add dev veth0 root " + bottleneck},
		{tc, "-n " + n.client + " qdisc add dev veth0 root " + bottleneck},
	} {
		if err := command(c.path, c.line); err != nil {
			programs.Missing(t, "no link between network namespaces: %v", err)
		}
	}
	return n
}

// listen opens a socket in the server's namespace: a socket stays in the one in
// which it was made.
func (n network) listen(t *testing.T) net.Listener {
	t.Helper()
	type opened struct {
		net.Listener
		err error
	}
	done := make(chan opened)
	go func() {
		runtime.LockOSThread() // for ever: the thread is of no use for others, and ends with its goroutine
		var o opened
		ns, err := os.Open("/run/netns/" + n.server)
		if err == nil {
			defer ns.Close()
			err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
		}
		if o.err = err; err == nil {
			o.Listener, o.err = net.Listen("tcp4", shapedServer+":0")
		}
		done <- o
	}()
	o := <-done
	if o.err != nil {
		t.Fatal(o.err)
	}
	return o.Listener
}

// run has clients in the other namespace do what the order says.
func (n network) run(t *testing.T, o order, result any) {
	t.Helper()
	cmd := exec.Command(n.ip, "netns", "exec", n.client, os.Args[0])
	cmd.Env = append(os.Environ(), o.env())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, result)
	}
	if err != nil {
		t.Fatalf("clients: %v: %.300s", err, out)
	}
}
