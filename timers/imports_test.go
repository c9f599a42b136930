package timers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestImports holds the package to its contract: what it does not import, it
// cannot do. Of package time it may use the type and its constants only.
func TestImports(t *testing.T) {
	allowed := map[string]bool{`"math"`: true, `"math/bits"`: true, `"time"`: true}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
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
		checkClock(t, name, file)
	}
}

func checkClock(t *testing.T, name string, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			t.Errorf("%s starts a goroutine", name)
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if ok && x.Name == "time" && n.Sel.Name != "Duration" && n.Sel.Name != "Millisecond" {
				t.Errorf("%s uses time.%s", name, n.Sel.Name)
			}
		}
		return true
	})
}
