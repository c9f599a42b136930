package conformance

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/programs"
)

// curl sends files in all the ways that it has, and gets them back.
func TestCurl(t *testing.T) {
	curl := programs.Find(t, "curl")
	s := onTCP(t, nil)
	dir := t.TempDir()
	file, out := filepath.Join(dir, "file"), filepath.Join(dir, "out")
	content := bytes.Repeat(pattern(64<<10), 48) // 3 MB
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		_ = os.Remove(out)
		return runs(t, curl, append([]string{"-sS", "--max-time", "120", "-o", out}, args...)...)
	}
	for name, args := range map[string][]string{
		"length":            {"-H", "Expect:", "--data-binary", "@" + file},
		"expect":            {"-H", "Expect: 100-continue", "--expect100-timeout", "60", "--data-binary", "@" + file},
		"chunked":           {"-H", "Transfer-Encoding: chunked", "-T", file},
		"chunked, expect":   {"-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue", "--expect100-timeout", "60", "-T", file},
		"HTTP/1.0":          {"--http1.0", "--data-binary", "@" + file},
		"upgrade to HTTP/2": {"--http2", "--data-binary", "@" + file},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			run(append(args, url(s, "/echo"))...)
			if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes came back of %d, %v", len(got), len(content), err)
			}
			if d := time.Since(start); d > 45*time.Second {
				t.Errorf("in %v: it waited for a 100 that didn't come", d)
			}
		})
	}

	// One connection for all.
	const report = "%{http_code} %{num_connects} %{size_download}\n"
	got := runs(t, curl, "-sS", "--max-time", "120", "-w", report, "-o", out, url(s, "/"), "-o", out, url(s, "/chunked"),
		"-o", out, url(s, "/204"), "-o", out, url(s, "/big?n=300000"), "-o", out, url(s, "/nothing"))
	if want := "200 1 13\n200 0 11\n204 0 0\n200 0 300000\n404 0 10\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := run("-I", "-w", report, url(s, "/big?n=300000")); got != "200 1 0\n" {
		t.Errorf("HEAD: %q", got)
	}
	// An upload that is refused early: curl reads while it sends, and stops.
	if got := run("-w", "%{http_code}\n", "-H", "Expect:", "--data-binary", "@"+file, url(s, "/limited?n=10")); got != "413\n" {
		t.Errorf("refused: %q", got)
	}
	if got := run("-w", "%{http_code} %{size_upload}\n", "-H", "Expect: 100-continue", "--expect100-timeout", "60", "--data-binary", "@"+file, url(s, "/limited?n=10")); got != "413 0\n" {
		t.Errorf("refused instead of 100: %q", got)
	}
}

// wrk finds no error: neither of the socket nor of the status.
func TestWrk(t *testing.T) {
	wrk := programs.Find(t, "wrk")
	for _, mode := range []engine.Mode{engine.ModeAdaptive, engine.ModePooled, engine.ModeInline} {
		s := onTCP(t, inMode(mode))
		for _, target := range []string{"/", "/chunked", "/big?n=100000"}[:scale(1, 2, 3)] {
			duration := fmt.Sprintf("%ds", scale(1, 1, 5))
			got := runs(t, wrk, "-t1", "-c64", "-d"+duration, "--timeout", "10s", url(s, target))
			if strings.Contains(got, "Socket errors") || strings.Contains(got, "Non-2xx") {
				t.Errorf("%v, %s: %s", mode, target, got)
			}
			m := regexp.MustCompile(`(\d+) requests in`).FindStringSubmatch(got)
			if m == nil || len(m[1]) < 3 {
				t.Errorf("%v, %s: hardly a request: %s", mode, target, got)
			}
		}
	}
}

// TestSlowhttptest: while hundreds of clients dawdle, in each of the tool's
// ways, the others are served; and those that dawdle are gone at their limits.
func TestSlowhttptest(t *testing.T) {
	tool := programs.Find(t, "slowhttptest")
	clients := strconv.Itoa(scale(200, 400, 5000))
	seconds := strconv.Itoa(scale(6, 6, 60)) // three times what the limits take
	common := []string{"-c", clients, "-r", clients, "-l", seconds, "-i", "1", "-p", "15"}
	for _, c := range []struct {
		name, target string
		args         []string
		reasons      []conn.Reason
	}{
		{"slow head", "/", []string{"-H", "-x", "10"}, []conn.Reason{conn.ReasonHeadTimeout}},
		{"slow body", "/echo", []string{"-B", "-s", "100000", "-x", "10"}, []conn.Reason{conn.ReasonBodyTimeout, conn.ReasonBodyRate}},
		{"ranges", "/", []string{"-R", "-t", "HEAD"}, nil},
		{"slow read", "/big?n=20000000", []string{"-X", "-w", "512", "-y", "1024", "-n", "1", "-z", "32", "-k", "3"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // all it does is wait
			s := onTCP(t, func(o *engine.Options) {
				o.Timeouts.Head = 2 * time.Second
				o.Timeouts.Body = 2 * time.Second
				o.Timeouts.RateGrace = 2 * time.Second
			})
			stop := make(chan struct{})
			worst := make(chan time.Duration, 1)
			go func() { worst <- keepsAsking(t, s, stop) }()
			got := plain(runs(t, tool, append(append(c.args, common...), "-u", url(s, c.target))...))
			close(stop)
			if d := <-worst; d > 15*time.Second {
				t.Errorf("an answer took %v", d)
			} else {
				t.Logf("the slowest answer took %v", d)
			}
			if regexp.MustCompile(`service available:\s+NO`).MatchString(got) || !regexp.MustCompile(`service available:\s+YES`).MatchString(got) {
				t.Errorf("the service was not available:\n%s", got)
			}
			gone := int64(0)
			for _, r := range c.reasons {
				gone += s.Stats().Closed[r]
			}
			if c.reasons != nil && gone == 0 {
				t.Errorf("none is gone at its limit: %v", s.Stats().Closed)
			}
		})
	}
}

// plain takes the colours out.
func plain(s string) string {
	return regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]").ReplaceAllString(s, "")
}

// keepsAsking is a client like any other. It returns the longest time that it
// had to wait for an answer.
func keepsAsking(t *testing.T, s *server, stop chan struct{}) (worst time.Duration) {
	c := &http.Client{Transport: &http.Transport{}, Timeout: patience}
	defer c.CloseIdleConnections()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return worst
		case <-time.After(10 * time.Millisecond):
		}
		start := time.Now()
		if err := roundTrip(c, s.addr, i); err != nil {
			t.Errorf("while others dawdle: %v", err)
			return worst
		}
		worst = max(worst, time.Since(start))
	}
}
