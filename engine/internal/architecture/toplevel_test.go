package architecture

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// topLevel is what the repository shows first: the layers, what shows them at
// work, and what is said of them. Files that begin with a dot are not counted.
var topLevel = []string{
	"engine", "conn", "parser", "timers", "examples", "benchmarks",
	"go.mod", "go.sum", "LICENSE",
	"README.md", "CHANGELOG.md", "CONFORMANCE.md", "CONTRIBUTING.md", "DECISIONS.md", "SECURITY.md",
}

// TestTopLevel: whatever else there is has its place below one of these.
func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		if name := e.Name(); !strings.HasPrefix(name, ".") {
			found = append(found, name)
			if !slices.Contains(topLevel, name) {
				t.Errorf("%s is on the top level", name)
			}
		}
	}
	for _, name := range topLevel {
		if !slices.Contains(found, name) {
			t.Errorf("%s is missing", name)
		}
	}
}
