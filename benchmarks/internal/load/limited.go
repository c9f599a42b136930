package load

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/fleet"
)

// Limited is a load of connections that the client ends after some requests, and opens anew.
type Limited struct {
	Connections int
	Requests    int
	Rotation    []Exchange
}

// Measure implements Load.
func (l Limited) Measure(ctx context.Context, p *fleet.Process, s Settings) (Sample, error) {
	latencies := make([][]time.Duration, l.Connections)
	o := &own{clients: l.Connections}
	o.work = func(ctx context.Context, client int, end time.Time) error {
		latencies[client] = latencies[client][:0]
		in := bufio.NewReader(nil)
		for turn := client; time.Now().Before(end); {
			if err := l.one(ctx, p, in, &turn, &latencies[client], o); err != nil {
				return err
			}
		}
		return nil
	}
	t, err := o.measure(ctx, p, s, 1)
	if err != nil {
		return Sample{}, err
	}
	all := distribution(slices.Concat(latencies...))
	t.P50Micros, t.P99Micros, t.P999Micros = all.P50Micros, all.P99Micros, all.P999Micros
	return Sample{Throughput: t}, nil
}

// one is the life of one connection.
func (l Limited) one(ctx context.Context, p *fleet.Process, in *bufio.Reader, turn *int, took *[]time.Duration, o *own) error {
	conn, err := dial(ctx, p)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(answerLimit))
	in.Reset(conn)
	for range l.Requests {
		e := &l.Rotation[*turn%len(l.Rotation)]
		*turn++
		start := time.Now()
		if _, err := conn.Write([]byte(e.Head)); err != nil {
			return err
		}
		closing, err := verifyAnswer(in, e.Answer)
		if err != nil {
			return err
		}
		if closing {
			return fmt.Errorf("the server ends the connection")
		}
		*took = append(*took, time.Since(start))
		o.done.Add(1)
	}
	return nil
}
