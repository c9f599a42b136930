package programs

import (
	"fmt"
	"strings"
	"testing"
)

type told struct{ skipped, failed string }

func (*told) Helper()                          {}
func (*told) TempDir() string                  { return "" }
func (o *told) Fatalf(format string, a ...any) { o.failed = fmt.Sprintf(format, a...) }
func (o *told) Skipf(format string, a ...any)  { o.skipped = fmt.Sprintf(format, a...) }

func TestFind(t *testing.T) {
	t.Setenv(Require, "")
	var o told
	if path := Find(&o, "no-such-program", "sh"); !strings.HasSuffix(path, "/sh") || o != (told{}) {
		t.Errorf("got %q, %+v", path, o)
	}
	if Find(&o, "no-such-program", "nor-this"); o != (told{skipped: "not installed: no-such-program or nor-this"}) {
		t.Errorf("got %+v", o)
	}
	o = told{}
	t.Setenv(Require, "1")
	if Find(&o, "no-such-program"); o.skipped != "" || !strings.HasPrefix(o.failed, "not installed: no-such-program") {
		t.Errorf("got %+v", o)
	}
}
