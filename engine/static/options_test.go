package static

import (
	"os"
	"strings"
	"testing"
)

// TestWrongOptions: each is named, so that none is without effect in silence.
func TestWrongOptions(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, ext := range []string{"md", ".MD", ".tar.gz"} {
		_, err := New(root, Options{ContentTypes: map[string]string{ext: "text/plain"}})
		if err == nil || !strings.Contains(err.Error(), "Options.ContentTypes") {
			t.Errorf("%q: %v", ext, err)
		}
	}
	if _, err := New(root, Options{ContentTypes: map[string]string{"": "text/plain", ".md": "text/markdown"}}); err != nil {
		t.Error(err)
	}
	for what, o := range map[string]Options{
		"Prefix": {Prefix: "static"}, "Index": {Index: "a/b"}, "ListEntries": {ListEntries: -1},
	} {
		if _, err := New(root, o); err == nil || !strings.Contains(err.Error(), "Options."+what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
