// Package programs finds the real programs that tests run: clients, proxies,
// tools. A test without its program is skipped, and tells so; where every test
// is to run, POLLARD_REQUIRE_PROGRAMS=1 makes it fail instead.
package programs

import (
	"os"
	"os/exec"
	"strings"
)

// Require is the variable that, set to 1, has no test skipped for want of a
// program or of a right.
const Require = "POLLARD_REQUIRE_PROGRAMS"

// T is what Find and Missing need of a *testing.T.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
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
