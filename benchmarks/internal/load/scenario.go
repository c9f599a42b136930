package load

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
)

// Scenario is one way to use a server.
type Scenario struct {
	Name  string
	About string
	// Needs is what a server must offer.
	Needs fleet.Offer
	// Peers are the servers that it is measured with unless others are asked for; a name that ends in "*" stands for all
	// that begin so. Nil: all that offer what it needs.
	Peers []string
	// Close tells that every request asks for its connection to be closed. Slow tells that requests per second say more
	// than CPU time, Flow that bytes per second do.
	Close, Slow, Flow bool
	// Rounds are enough for what it measures, unless others are asked for; zero: as many as usual.
	Rounds int
	Load   Load
}

// Load measures a running server once.
type Load interface {
	Measure(ctx context.Context, p *fleet.Process, s Settings) (Sample, error)
}

// Settings are the same for all runs.
type Settings struct {
	// Root is the directory of the benchmarks module, Dir an existing one for temporary files.
	Root, Dir string
	// WrkPath is the program's path, ClientCPU the one on which it runs.
	WrkPath   string
	ClientCPU int
	// Duration of one run and of the warm-up before it, in whole seconds, as wrk wants them.
	Duration, WarmUp time.Duration
	// IdleConnections are opened in an idle scenario and watched for IdleWindow.
	IdleConnections int
	IdleWindow      time.Duration
}

// dial opens a connection as the process speaks, without probes that would disturb a server that is watched.
func dial(ctx context.Context, p *fleet.Process) (net.Conn, error) {
	dialer := net.Dialer{KeepAlive: -1}
	conn, err := dialer.DialContext(ctx, "tcp", p.Addr)
	if err != nil || !p.Secured {
		return conn, err
	}
	// Who it is does not matter: the certificate was made a moment ago for this run.
	secured := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, ClientSessionCache: nil})
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}
