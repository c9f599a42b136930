package static

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What openat2 does in one call must be what os.Root says, which has to do on
// older systems: for files, folders, links within the root and out of it, and
// what is neither file nor folder.
func TestOpenBeneathIsAsRoot(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(sub, "file"), []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"inside": "sub/file", "up": "sub/../sub/file", "outside": "../../etc/passwd", "absolute": "/etc/passwd", "loop": "loop",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close() //nolint:errcheck // nothing was written
	quick, err := New(root, Options{})
	if err != nil {
		t.Fatal(err)
	}
	slow := &Handler{root: root, o: quick.o, now: quick.now}
	for _, name := range []string{
		".", "sub", "sub/file", "inside", "up", "outside", "absolute", "loop", "missing", "sub/file/deeper", "sub/..", "../x", "a\x00b",
		strings.Repeat("./", pathBytes) + "sub/file", strings.Repeat("./", pathBytes) + "missing", strings.Repeat("x", pathBytes), strings.Repeat("x", pathBytes-1),
	} {
		a, errA := quick.open([]byte(name))
		b, errB := slow.open([]byte(name))
		if (errA == nil) != (errB == nil) || errA != nil && statusOf(errA) != statusOf(errB) {
			t.Errorf("%q: %v, and as os.Root: %v", name, errA, errB)
		}
		if errA != nil || errB != nil {
			continue
		}
		if a.size != b.size || !a.modified.Equal(b.modified) || a.folder != b.folder {
			t.Errorf("%q: %+v, and as os.Root: %+v", name, a, b)
		}
		if !a.folder {
			content := make([]byte, a.size)
			if _, err := a.readAt(content, 0); err != nil || string(content) != "content" {
				t.Errorf("%q: %q, %v", name, content, err)
			}
		}
		a.close()
		b.close()
	}
}
