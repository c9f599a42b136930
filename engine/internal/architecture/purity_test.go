package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// pure are the packages that compute and do nothing else.
var pure = []string{"parser", "timers", "conn"}

// harmless are the packages of the standard library that a pure package may
// import. Where there is a list, only these names of it: a Duration is a
// number, but Now is a clock.
var harmless = map[string][]string{
	"bytes":           nil,
	"cmp":             nil,
	"encoding/binary": nil,
	"errors":          nil,
	"fmt":             {"Append", "Appendf", "Errorf", "Sprint", "Sprintf", "Stringer"},
	"io":              {"EOF", "ErrUnexpectedEOF", "Reader", "Writer"},
	"iter":            nil,
	"math":            nil,
	"math/bits":       nil,
	"slices":          nil,
	"strconv":         nil,
	"strings":         nil,
	"sync":            {"Pool"},
	"time":            {"Duration", "Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour"},
}

func TestPurity(t *testing.T) {
	for _, s := range sources(t) {
		if slices.Contains(pure, path.Dir(s.name)) {
			for _, breach := range impurities(s.file) {
				t.Errorf("%s %s", s.name, breach)
			}
		}
	}
}

// impurities returns what a file does besides computing.
func impurities(file *ast.File) []string {
	var breaches []string
	names := make(map[string][]string) // of packages of which not all may be used
	for _, spec := range file.Imports {
		imported := importPath(spec)
		allowed, ok := harmless[imported]
		switch {
		case !isStandard(imported): // the table of layers says
		case !ok:
			breaches = append(breaches, "imports "+imported)
		case spec.Name != nil:
			breaches = append(breaches, "imports "+imported+" under another name")
		case allowed != nil:
			names[path.Base(imported)] = allowed
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			breaches = append(breaches, "starts a goroutine")
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if !ok {
				break
			}
			if allowed, ok := names[x.Name]; ok && !slices.Contains(allowed, n.Sel.Name) {
				breaches = append(breaches, "uses "+x.Name+"."+n.Sel.Name)
			}
		}
		return true
	})
	return breaches
}

// The test above passes when it sees nothing, so it must be seen to see.
func TestImpuritiesAreFound(t *testing.T) {
	for _, c := range []struct{ code, want string }{
		{`import "net"; var x net.Conn`, "imports net"},
		{`import "os"; var x os.File`, "imports os"},
		{`import "golang.org/x/sys/unix"; var x unix.Errno`, ""}, // refused by the table of layers
		{`import "sync"; var x sync.Mutex`, "uses sync.Mutex"},
		{`import "sync"; var x sync.Pool`, ""},
		{`import "sync/atomic"; var x atomic.Int64`, "imports sync/atomic"},
		{`import "time"; func f() { time.Sleep(time.Second) }`, "uses time.Sleep"},
		{`import "time"; var x = time.Now`, "uses time.Now"},
		{`import clock "time"; var x = clock.Now`, "imports time under another name"},
		{`import "time"; var x time.Duration = 3 * time.Second`, ""},
		{`import "fmt"; func f() { fmt.Println() }`, "uses fmt.Println"},
		{`func f() { go f() }`, "starts a goroutine"},
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p; "+c.code, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(impurities(file), ", "); got != c.want {
			t.Errorf("%s: found %q, want %q", c.code, got, c.want)
		}
	}
}
