package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/pollard-go/pollard"

// layer says what the packages in a directory may import.
type layer struct {
	dir string // relative to the module; "/..." for all below it
	// ours are the packages of this module, and others those of other modules,
	// each with "/..." for all below.
	ours, others []string
	// never are packages of the standard library that would be a breach.
	never []string
}

const (
	buffers    = "github.com/valyala/bytebufferpool"
	system     = "golang.org/x/sys/unix"
	processors = "go.uber.org/automaxprocs"
	pollers    = "github.com/cloudwego/netpoll"
)

// layers is the whole cut. The first row that fits a directory counts.
var layers = []layer{
	{dir: "parser"},
	{dir: "timers"},
	{dir: "conn", ours: []string{"parser"}, others: []string{buffers}},

	// Sockets and readiness know nothing of HTTP, nor of each other.
	{dir: "engine/internal/poll", others: []string{system}, never: []string{"net/http"}},
	{dir: "engine/internal/sock", others: []string{system}, never: []string{"net/http"}},
	{dir: "engine/internal/programs"},
	{dir: "engine/internal/allocations"},
	{dir: "engine/internal/selfsigned", never: []string{"net/http"}},
	{
		dir: "engine/internal/netpoll", ours: []string{"conn", "engine/internal/carrier", "engine/internal/sock"},
		others: []string{system, pollers}, never: []string{"net/http"},
	},
	{dir: "engine/internal/...", ours: []string{"parser", "conn", "timers"}, others: []string{system}, never: []string{"net/http"}},

	// The engine joins the others. HTTP's grammar is not its business: it must
	// not get a second one from net/http either.
	{
		dir: "engine", ours: []string{"parser", "conn", "timers", "engine/internal/..."},
		others: []string{buffers, system}, never: []string{"net/http"},
	},

	// Connections without a system know nothing of HTTP.
	{dir: "engine/netpoll", ours: []string{"engine", "engine/internal/carrier", "engine/internal/netpoll"}, never: []string{"net/http"}},
	{dir: "engine/memory", never: []string{"net/http"}},

	// What is optional for an embedder stands on the public face alone; of conn
	// it may use the errors and reasons, of parser the views.
	{dir: "engine/static", ours: []string{"engine", "engine/internal/carrier"}, others: []string{system}}, // it opens files
	{dir: "engine/...", ours: []string{"engine", "parser", "conn"}},

	// Programs. They alone decide how many processors the process takes.
	{dir: "examples/...", ours: []string{"engine", "engine/...", "conn", "examples/internal/carriage", "examples/probe/routes"}, others: []string{processors, processors + "/maxprocs"}},
}

// source is one file of the module that is no test.
type source struct {
	name string // relative to the module
	file *ast.File
}

func TestLayers(t *testing.T) {
	for _, s := range sources(t) {
		dir := path.Dir(s.name)
		l := layerOf(dir)
		if l == nil {
			t.Errorf("%s: the package in %s has no row in the table of layers", s.name, dir)
			continue
		}
		for _, spec := range s.file.Imports {
			if name := importPath(spec); !l.allows(name) {
				t.Errorf("%s imports %s, which its layer (%s) must not", s.name, name, l.dir)
			}
		}
	}
}

// The test above passes when it sees nothing, so it must be seen to see.
func TestLayersRefuse(t *testing.T) {
	for _, c := range []struct {
		dir, imported string
		want          bool
	}{
		{"parser", module + "/conn", false},
		{"parser", "bytes", true},
		{"timers", module + "/parser", false},
		{"conn", module + "/parser", true},
		{"conn", module + "/timers", false},
		{"conn", module + "/engine", false},
		{"conn", system, false},
		{"engine", module + "/timers", true},
		{"engine", module + "/engine/internal/poll", true},
		{"engine", module + "/engine/static", false},
		{"engine", module + "/examples/hello", false},
		{"engine", "net/http", false},
		{"engine", pollers, false},
		{"engine/netpoll", module + "/engine/internal/netpoll", true},
		{"engine/netpoll", pollers, false},
		{"engine/internal/netpoll", pollers, true},
		{"engine/internal/netpoll", module + "/engine", false},
		{"engine", processors, false},
		{"engine/static", module + "/engine", true},
		{"engine/static", module + "/engine/internal/sock", false},
		{"engine/static", module + "/timers", false},
		{"engine/static", processors, false},
		{"examples/hello", processors, true},
		{"examples/hello", module + "/timers", false},
	} {
		l := layerOf(c.dir)
		if l == nil {
			t.Fatalf("no layer for %s", c.dir)
		}
		if l.allows(c.imported) != c.want {
			t.Errorf("%s may import %s: %v, want %v", c.dir, c.imported, !c.want, c.want)
		}
	}
}

// A rule for a directory that is gone, or has moved, would hold for nothing.
func TestLayersExist(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range sources(t) {
		seen[path.Dir(s.name)] = true
	}
	for _, dir := range []string{"parser", "timers", "conn", "engine"} {
		if !seen[dir] {
			t.Errorf("%s has no source", dir)
		}
	}
}

// TestDependencies: who embeds the engine gets these modules, and no more.
func TestDependencies(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./engine")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, name := range strings.Fields(string(out)) {
		if !within(name, module) && name != buffers && !within(name, "golang.org/x/sys") {
			t.Errorf("the engine depends on %s", name)
		}
	}
}

// root is the module's directory as seen from this package.
const root = "../../.."

// sources parses every file of this module that is no test, for every system.
func sources(t *testing.T) []source {
	t.Helper()
	var found []source
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(name, root), "/"))
		if entry.IsDir() {
			if skipped(rel) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		found = append(found, source{rel, file})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// skipped tells that a directory holds no package of this module.
func skipped(rel string) bool {
	base := path.Base(rel)
	_, err := os.Stat(filepath.Join(root, rel, "go.mod"))
	ofAnother := rel != "" && err == nil
	return ofAnother || base == "testdata" || rel != "" && strings.HasPrefix(base, ".")
}

func layerOf(dir string) *layer {
	i := slices.IndexFunc(layers, func(l layer) bool { return fits(dir, l.dir) })
	if i < 0 {
		return nil
	}
	return &layers[i]
}

func (l *layer) allows(name string) bool {
	fitsName := func(pattern string) bool { return fits(name, pattern) }
	switch {
	case within(name, module):
		ours := strings.TrimPrefix(name, module+"/")
		return slices.ContainsFunc(l.ours, func(pattern string) bool { return fits(ours, pattern) })
	case isStandard(name):
		return !slices.ContainsFunc(l.never, fitsName)
	}
	return slices.ContainsFunc(l.others, fitsName)
}

// fits tells whether a slashed name is that of the pattern or, if that ends in
// "/...", lies below it.
func fits(name, pattern string) bool {
	if above, ok := strings.CutSuffix(pattern, "/..."); ok {
		return strings.HasPrefix(name, above+"/")
	}
	return name == pattern
}

func within(name, above string) bool { return name == above || strings.HasPrefix(name, above+"/") }

// isStandard: only the paths of other modules begin with a domain.
func isStandard(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(first, ".")
}

func importPath(spec *ast.ImportSpec) string {
	name, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		panic(err) // the parser has read it
	}
	return name
}
