package load

import (
	"context"
	"fmt"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
	"github.com/pollard-go/pollard/benchmarks/internal/work"
)

// Costly is a request whose handler takes its time before it gives the usual answer.
type Costly struct {
	Head  string
	Takes time.Duration
}

var (
	slow  = Costly{"GET /slow HTTP/1.1\r\nHost: localhost:8080\r\n\r\n", work.SlowTime}
	sleep = Costly{"GET /sleep HTTP/1.1\r\nHost: localhost:8080\r\n\r\n", work.SleepTime}
	burn  = Costly{"GET /burn HTTP/1.1\r\nHost: localhost:8080\r\n\r\n", work.BurnTime}
)

// verify makes sure that the server has the path: one that answers it at once as any other would win by not taking part.
// Half of the time will do, for computing is quicker on a faster CPU.
func (c Costly) verify(ctx context.Context, p *fleet.Process) error {
	start := time.Now()
	if err := verifyAnswers(ctx, p, []byte(c.Head), 1, Answer{}); err != nil {
		return err
	}
	if took := time.Since(start); took < c.Takes/2 {
		return fmt.Errorf("%.15q… was answered after %v, it should take %v", c.Head, took, c.Takes)
	}
	return nil
}
