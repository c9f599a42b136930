package conn

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// TestImports holds the package to its contract: what it does not import, it
// cannot do. Of package time it may use the type and its constants only, of
// package sync the pool.
func TestImports(t *testing.T) {
	allowed := map[string]bool{
		`"bytes"`: true, `"fmt"`: true, `"io"`: true, `"strconv"`: true, `"sync"`: true, `"time"`: true,
		`"github.com/pollard-go/pollard/parser"`: true,
		`"github.com/valyala/bytebufferpool"`:    true,
	}
	used := map[string]bool{ // of time and sync
		"time.Duration": true, "time.Millisecond": true, "time.Second": true, "time.Hour": true, "sync.Pool": true,
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := f.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			if !allowed[spec.Path.Value] {
				t.Errorf("%s imports %s", name, spec.Path.Value)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s starts a goroutine", name)
			case *ast.SelectorExpr:
				p, ok := n.X.(*ast.Ident)
				if ok && (p.Name == "time" || p.Name == "sync") && !used[p.Name+"."+n.Sel.Name] {
					t.Errorf("%s uses %s.%s", name, p.Name, n.Sel.Name)
				}
			}
			return true
		})
	}
}
