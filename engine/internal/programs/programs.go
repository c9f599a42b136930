// Package programs finds the real programs that tests run, clients, proxies,
// tools, and addresses for them to serve at. A test without its program is skipped, and tells so; where every test
// is to run, POLLARD_REQUIRE_PROGRAMS=1 makes it fail instead.
package programs

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Require is the variable that, set to 1, has no test skipped for want of a
// program. For want of a right it still is: rights can't be installed.
const Require = "POLLARD_REQUIRE_PROGRAMS"

// T is what the functions need of a *testing.T.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
	TempDir() string
}

// Find returns the path of the first of the names that is installed, also
// where daemons are that are not in every user's PATH.
func Find(t T, names ...string) string {
	t.Helper()
	for _, name := range names {
		for _, path := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name, "/sbin/" + name} {
			if found, err := exec.LookPath(path); err == nil {
				return found
			}
		}
	}
	Missing(t, "not installed: %s", strings.Join(names, " or "))
	return ""
}

// Missing ends a test for want of something that the machine doesn't have.
func Missing(t T, format string, args ...any) {
	t.Helper()
	if os.Getenv(Require) == "1" {
		t.Fatalf(format+" (and "+Require+" is set)", args...)
		return
	}
	t.Skipf(format, args...)
}

// Chromium has a browser without a window load url and run its scripts, and
// returns the document that came of it. It takes any certificate. flags are
// added to those that keep it from doing anything else.
func Chromium(t T, url string, flags ...string) string {
	t.Helper()
	args := append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--ignore-certificate-errors", "--user-data-dir=" + t.TempDir(), "--timeout=20000", "--dump-dom",
	}, flags...)
	cmd := exec.Command(Find(t, "chromium", "chromium-browser", "google-chrome"), append(args, url)...)
	var dom, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &dom, &log
	cmd.WaitDelay = 10 * time.Second // for its children, which may hold its output
	stop := time.AfterFunc(3*time.Minute, func() { _ = cmd.Process.Kill() })
	defer stop.Stop()
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		t.Fatalf("%s: %v\n%s\n%s", url, err, dom.Bytes(), log.Bytes())
	}
	return dom.String()
}

// FreeAddr is an address of this machine that nobody listens at now. It is not one
// of those that the kernel gives to clients, which may take it before a server does.
func FreeAddr(t T) string {
	t.Helper()
	for range 100 {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000)))
		if err == nil {
			_ = ln.Close()
			return ln.Addr().String()
		}
	}
	t.Fatalf("no port is free")
	return ""
}
