package static

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestGetHead(t *testing.T) {
	s := newSite(t, Options{CacheControl: "max-age=60"})
	contents := map[string]string{
		"empty.txt":  "",
		"small.txt":  "hello\n",
		"most.bin":   strings.Repeat("m", smallBytes),
		"over.bin":   strings.Repeat("o", smallBytes+1),
		"long.bin":   strings.Repeat("0123456789abcdef", 200_000), // 3.2 MB
		"a/b/c.json": "{}",
	}
	for name, content := range contents {
		s.file(name, content)
		a := s.status(200, "GET", "/"+name)
		if a.body != content {
			t.Errorf("%s: %d bytes came, want %d", name, len(a.body), len(content))
		}
		s.field(a, "Content-Length", fmt.Sprint(len(content)))
		s.field(a, "Last-Modified", settledDate)
		s.field(a, "Accept-Ranges", "bytes")
		s.field(a, "Cache-Control", "max-age=60")
		s.field(a, "X-Content-Type-Options", "nosniff")
		// A coding or a language that the peer prefers changes nothing.
		h := s.status(200, "HEAD", "/"+name, "Accept-Encoding: gzip, br;q=0.5")
		if h.body != "" {
			t.Errorf("HEAD %s: content %q", name, h.body)
		}
		a.Header.Del("Date")
		h.Header.Del("Date")
		if fmt.Sprint(a.Header) != fmt.Sprint(h.Header) {
			t.Errorf("%s: HEAD has the fields %v, GET %v", name, h.Header, a.Header)
		}
	}
}

func TestMethods(t *testing.T) {
	s := newSite(t, Options{})
	s.file("a.txt", "a")
	for _, method := range []string{"PUT", "DELETE", "POST", "PATCH", "TRACE", "PROPFIND", "get"} {
		for _, target := range []string{"/a.txt", "/", "/missing"} {
			a := s.status(405, method, target, "Content-Length: 0", "If-Match: \"x\"")
			s.field(a, "Allow", "GET, HEAD")
		}
	}
	for _, target := range []string{"/a.txt", "*"} {
		a := s.status(204, "OPTIONS", target, "If-Match: \"x\"")
		s.field(a, "Allow", "GET, HEAD")
	}
	a := s.status(405, "CONNECT", "test:80")
	s.field(a, "Allow", "GET, HEAD")
	if _, err := os.Stat(filepath.Join(s.dir, "a.txt")); err != nil {
		t.Error(err)
	}
}

func TestIndex(t *testing.T) {
	s := newSite(t, Options{})
	s.file("index.html", "top")
	s.file("a/index.html", "a's")
	s.file("b/other.html", "b's")
	s.folder("c/index.html")
	for target, want := range map[string]string{"/": "top", "/a/": "a's", "/a/index.html": "a's", "/a/.": "a's", "/a/x/..": "a's", "/?q": "top"} {
		if a := s.status(200, "GET", target); a.body != want {
			t.Errorf("%s: %q, want %q", target, a.body, want)
		}
	}
	s.status(404, "GET", "/b/")                        // has no index, and is not listed
	s.status(404, "GET", "/c/")                        // has a folder of that name
	s.status(404, "GET", "/b/other.html/")             // is no folder
	s.status(404, "GET", "/b/other.html/x")            // is no folder
	s.status(404, "GET", "/a/index.html/")             // is no folder
	s.status(404, "GET", "/missing/")                  // isn't
	s.status(301, "GET", "/c/index.html")              // is a folder
	s.status(404, "HEAD", "/b/missing.html")           // isn't
	s.status(404, "GET", "/"+strings.Repeat("n", 300)) // can't be
}

func TestNoIndex(t *testing.T) {
	s := newSite(t, Options{Index: "-", List: true})
	s.file("index.html", "top")
	if a := s.status(200, "GET", "/"); !strings.Contains(a.body, `href="./index.html"`) {
		t.Errorf("no list: %q", a.body)
	}
}

func TestPrefix(t *testing.T) {
	for _, prefix := range []string{"/static", "/static/"} {
		s := newSite(t, Options{Prefix: prefix, List: true})
		s.file("a.txt", "a")
		if a := s.status(200, "GET", "/static/a.txt"); a.body != "a" {
			t.Errorf("%q", a.body)
		}
		s.field(s.status(301, "GET", "/static"), "Location", "./static/")
		if a := s.status(200, "GET", "/static/"); strings.Contains(a.body, `"../"`) || !strings.Contains(a.body, "<h1>/static/</h1>") {
			t.Errorf("list of the root: %q", a.body)
		}
		for _, target := range []string{"/", "/a.txt", "/staticx/a.txt", "/statica.txt", "/static/../a.txt"} {
			s.status(404, "GET", target)
		}
	}
}

func TestOptionsErrors(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for field, o := range map[string]Options{
		"Prefix":      {Prefix: "static"},
		"Index":       {Index: "a/b"},
		"ListEntries": {ListEntries: -1},
	} {
		if _, err := New(root, o); err == nil || !strings.Contains(err.Error(), "Options."+field) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, prefix := range []string{"/a/../b", "//a", "/a//", "/./a"} {
		if _, err := New(root, Options{Prefix: prefix}); err == nil {
			t.Errorf("Prefix %q is taken", prefix)
		}
	}
	if _, err := New(nil, Options{}); err == nil {
		t.Error("a nil root is taken")
	}
}

// What is neither file nor folder must not be waited for, nor found.
func TestSpecialFiles(t *testing.T) {
	s := newSite(t, Options{List: true})
	if err := syscall.Mkfifo(filepath.Join(s.dir, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("fifo", filepath.Join(s.dir, "link")); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: filepath.Join(s.dir, "socket")}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"fifo", "link", "socket", "fifo/", "fifo/x"} {
		begin := time.Now()
		s.status(404, "GET", "/"+name)
		if took := time.Since(begin); took > time.Minute/2 {
			t.Errorf("%s: answered after %v", name, took)
		}
	}
	if a := s.status(200, "GET", "/"); strings.Contains(a.body, "fifo") || strings.Contains(a.body, "socket") {
		t.Errorf("listed: %s", a.body)
	}
}

func TestForbidden(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("nothing is forbidden to the super-user")
	}
	s := newSite(t, Options{List: true})
	s.file("a.txt", "a")
	s.file("dir/b.txt", "b")
	for _, name := range []string{"a.txt", "dir"} {
		if err := os.Chmod(filepath.Join(s.dir, name), 0); err != nil {
			t.Fatal(err)
		}
		s.status(403, "GET", "/"+name)
	}
	s.status(403, "GET", "/dir/b.txt")
	s.status(403, "GET", "/dir/")
	_ = os.Chmod(filepath.Join(s.dir, "dir"), 0o755)
}

// A file that becomes shorter while it is sent can't be completed: the peer must
// see that, and not take the next answer for the rest.
func TestShrinkingFile(t *testing.T) {
	s := newSite(t, Options{})
	s.file("long.bin", strings.Repeat("x", 64<<20))
	resp, err := http.Get("http://" + s.addr + "/long.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := os.Truncate(filepath.Join(s.dir, "long.bin"), 1<<20); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Errorf("%d bytes came, and no error", n)
	}
}

// Many at once, over connections that are kept.
func TestConcurrent(t *testing.T) {
	s := newSite(t, Options{List: true})
	var want [20]string
	for i := range want {
		want[i] = strings.Repeat(fmt.Sprintf("%02d", i), 500*(1+i*i))
		s.file(fmt.Sprintf("%d.txt", i), want[i])
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	defer client.CloseIdleConnections()
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 60 {
				k := (g*7 + i) % len(want)
				target := fmt.Sprintf("http://%s/%d.txt", s.addr, k)
				if i%10 == 9 {
					target = fmt.Sprintf("http://%s/", s.addr)
				}
				resp, err := client.Get(target)
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err != nil || i%10 != 9 && string(body) != want[k] {
					t.Errorf("%s: %d bytes, want %d: %v", target, len(body), len(want[k]), err)
				}
			}
		}()
	}
	wg.Wait()
}
