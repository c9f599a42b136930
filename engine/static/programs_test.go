package static

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pollard-go/pollard/engine/internal/programs"
)

// A browser renders the list and a page, and follows the redirect.
func TestChromium(t *testing.T) {
	s := newSite(t, Options{List: true})
	s.file("dir/a <b> & c.txt", "text")
	s.file("page/index.html", `<!DOCTYPE html><title>p</title><link rel="stylesheet" href="s.css"><p id="out">before</p><script src="s.js"></script>`)
	s.file("page/s.css", "p{color:rgb(1, 2, 3)}")
	s.file("page/s.js", `let p=document.getElementById("out");p.textContent="script ran, color "+getComputedStyle(p).color`)
	s.file("page/README", "<b>plain</b>")
	for _, c := range []struct{ target, want string }{
		{"/dir", `<a href="./a%20%3Cb%3E%20%26%20c.txt">a &lt;b&gt; &amp; c.txt</a>`},
		{"/page", "script ran, color rgb(1, 2, 3)"},
		{"/page/README", "&lt;b&gt;plain&lt;/b&gt;"},
	} {
		if dom := programs.Chromium(t, "http://"+s.addr+c.target); !strings.Contains(dom, c.want) {
			t.Errorf("%s: %s", c.target, dom)
		}
	}
}

// curl gets the same bytes: whole, by ranges, and resumed.
func TestCurl(t *testing.T) {
	curl := programs.Find(t, "curl")
	s := newSite(t, Options{})
	random := rand.NewChaCha8([32]byte{1})
	content := make([]byte, 3<<20+17)
	_, _ = random.Read(content)
	s.file("a b.bin", string(content))
	out := filepath.Join(t.TempDir(), "out")
	run := func(args ...string) []byte {
		t.Helper()
		_ = os.Remove(out)
		args = append([]string{"-sS", "--fail", "--max-time", "120", "-o", out}, args...)
		if msg, err := exec.Command(curl, append(args, "http://"+s.addr+"/a%20b.bin")...).CombinedOutput(); err != nil {
			t.Fatalf("%q: %v: %s", args, err, msg)
		}
		got, err := os.ReadFile(out)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return got
	}
	if !bytes.Equal(run(), content) || !bytes.Equal(run("--http1.0"), content) || !bytes.Equal(run("--compressed"), content) {
		t.Error("the whole file differs")
	}
	if !bytes.Equal(run("-r", "1000-2000999"), content[1000:2001000]) || !bytes.Equal(run("-r", "-100"), content[len(content)-100:]) {
		t.Error("a part differs")
	}
	if got := run("-z", settledDate); len(got) != 0 {
		t.Errorf("not modified, but %d bytes came", len(got))
	}
	// Resumed: curl asks for what its file lacks.
	half := filepath.Join(t.TempDir(), "half")
	if err := os.WriteFile(half, content[:1_234_567], 0o644); err != nil {
		t.Fatal(err)
	}
	if msg, err := exec.Command(curl, "-sS", "--max-time", "120", "-C", "-", "-o", half, fmt.Sprintf("http://%s/a%%20b.bin", s.addr)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, msg)
	}
	if got, _ := os.ReadFile(half); !bytes.Equal(got, content) {
		t.Error("the resumed file differs")
	}
}
