package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pollard-go/pollard/benchmarks/internal/load"
)

const (
	smallConnections = 64
	fairnessAllowed  = 3.0
	fileName         = "large-file"
)

func fileArgs(o *options) []string { return []string{"-file", filepath.Join(o.dir, fileName)} }

// checkFairness compares the latency of small requests with and without large downloads beside them.
func checkFairness(ctx context.Context, b *bench) ([]finding, error) {
	if err := writeFile(filepath.Join(b.options.dir, fileName), b.options.fileBytes); err != nil {
		return nil, err
	}
	mix := load.Mix{Connections: smallConnections}
	if _, _, err := mix.Run(ctx, b.process.Addr, time.Second); err != nil { // warm-up
		return nil, err
	}
	var p99, rate, bytes comparison
	for range b.options.rounds {
		alone, _, err := mix.Run(ctx, b.process.Addr, b.options.duration)
		if err != nil {
			return nil, err
		}
		beside, perSecond, err := b.besideDownloads(ctx, mix)
		if err != nil {
			return nil, err
		}
		seconds := b.options.duration.Seconds()
		p99.add(alone.P99Micros, beside.P99Micros)
		rate.add(float64(alone.Requests)/seconds, float64(beside.Requests)/seconds)
		bytes.add(0, perSecond/mebibyte)
	}
	return []finding{{
		what:     fmt.Sprintf("p99 of small requests, %.0f µs alone", p99.alone()),
		measured: fmt.Sprintf("%.0f µs, %s", p99.beside(), p99),
		allowed:  fmt.Sprintf("≤ %.2f of that", fairnessAllowed),
		holds:    p99.ratio() <= fairnessAllowed,
	}, {
		what:     fmt.Sprintf("small requests/s, %.0f alone", rate.alone()),
		measured: fmt.Sprintf("%.0f, %s", rate.beside(), rate),
	}, {
		what:     fmt.Sprintf("%d downloads of %d MiB", b.options.downloads, b.options.fileBytes/mebibyte),
		measured: fmt.Sprintf("%.0f MiB/s", bytes.beside()),
		// They must have taken part: downloads that starve would be unfair in the other direction.
		allowed: "> 0", holds: bytes.beside() > 0,
	}}, nil
}

// besideDownloads returns the latency of small requests while there are downloads, and the downloads' bytes per second.
func (b *bench) besideDownloads(ctx context.Context, mix load.Mix) (load.Latency, float64, error) {
	downloads, err := b.startDownloads(ctx)
	if err != nil {
		return load.Latency{}, 0, err
	}
	defer downloads.stop()
	time.Sleep(settleTime)
	beside, _, err := mix.Run(ctx, b.process.Addr, b.options.duration)
	if err != nil {
		return load.Latency{}, 0, err
	}
	perSecond, err := downloads.stop()
	return beside, perSecond, err
}

// writeFile makes a file of the size, with blocks of its own, which the system keeps in memory.
func writeFile(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	block := bytes.Repeat([]byte("pollard "), mebibyte/8)
	for left := size; left > 0 && err == nil; left -= mebibyte {
		_, err = f.Write(block[:min(left, mebibyte)])
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// downloads is a child process, so that what it does is in no latency that this one measures.
type downloads struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout bytes.Buffer
	ended  bool
	start  time.Time
}

func (b *bench) startDownloads(ctx context.Context) (*downloads, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	d := &downloads{start: time.Now()}
	d.cmd = exec.CommandContext(ctx, "taskset", "-c", strconv.Itoa(b.options.clientCPU), self,
		"-download", b.process.Addr, "-downloads", strconv.Itoa(b.options.downloads))
	d.cmd.Stdout, d.cmd.Stderr = &d.stdout, os.Stderr
	if d.stdin, err = d.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return d, d.cmd.Start()
}

// stop ends the downloads and returns how many bytes per second they got.
func (d *downloads) stop() (perSecond float64, err error) {
	if d.ended {
		return 0, nil
	}
	d.ended = true
	d.stdin.Close()
	if err := d.cmd.Wait(); err != nil {
		return 0, fmt.Errorf("downloads: %w", err)
	}
	total, err := strconv.ParseInt(string(bytes.TrimSpace(d.stdout.Bytes())), 10, 64)
	return float64(total) / time.Since(d.start).Seconds(), err
}
