package static

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Nothing outside of the root is served, however it is spelled.
func TestPathTraversal(t *testing.T) {
	s := newSite(t, Options{List: true, DotFiles: true})
	s.file("in.txt", "inside")
	s.folder("sub")
	outside := filepath.Join(filepath.Dir(s.dir), "secret.txt")
	if err := os.WriteFile(outside, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{
		"absolute":  outside,
		"relative":  "../secret.txt",
		"sub/up":    "../../secret.txt",
		"parent":    "..",
		"everybody": "/etc",
		"loop":      "loop",
		"inner":     "in.txt",
		"sub/inner": "../in.txt",
	} {
		if err := os.Symlink(to, filepath.Join(s.dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, target := range []string{
		"/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%2e%2e%2fsecret.txt", "/sub/../../secret.txt",
		"/sub/%2e%2e/%2e%2e/secret.txt", "/./../secret.txt", "//../secret.txt", "/..//secret.txt", "/.%2e/secret.txt",
		"/..%5csecret.txt", `/..\secret.txt`, "/%252e%252e/secret.txt", "/%c0%ae%c0%ae/secret.txt",
		"//etc/passwd", "/%2fetc/passwd", "/%2f%2fetc%2fpasswd", "/etc/passwd", "http://test/../secret.txt",
		"/absolute", "/relative", "/sub/up", "/parent/secret.txt", "/parent/", "/everybody/passwd", "/everybody/", "/loop", "/loop/",
	} {
		a := s.status(404, "GET", target)
		if strings.Contains(a.body, "secret") || strings.Contains(a.body, "root:") {
			t.Errorf("%s: %q", target, a.body)
		}
	}
	for _, target := range []string{
		"/in.txt", "//in.txt", "/./in.txt", "/../in.txt", "/../../in.txt", "/%2e%2e/in.txt", "/sub/../in.txt", "/sub/..%2fin.txt",
		"/%2fin.txt", "/sub//..//in.txt", "/inner", "/sub/inner", "http://test/in.txt",
	} {
		if a := s.status(200, "GET", target); a.body != "inside" {
			t.Errorf("%s: %q", target, a.body)
		}
	}
	for _, target := range []string{"/%00", "/in.txt%00", "/in.txt%00.html", "/%", "/%2", "/%zz", "/in%"} {
		s.status(400, "GET", target)
	}
	for _, target := range []string{"/..", "/../", "/../..", "/%2e%2e", "/sub/../..", "//"} {
		if a := s.status(200, "GET", target); !strings.Contains(a.body, "in.txt") || strings.Contains(a.body, "secret") {
			t.Errorf("%s: %s", target, a.body)
		}
	}
	if a := s.get("/"); strings.Contains(a.body, "everybody") || strings.Contains(a.body, "loop") || !strings.Contains(a.body, "inner") {
		t.Errorf("links: %s", a.body)
	}
}

func TestEncodedPath(t *testing.T) {
	s := newSite(t, Options{List: true, DotFiles: true})
	for _, name := range []string{"A", "a b", "a+b", "50%", "ü.txt", "q?x=1", "frag#ment", `back\slash`, "new\nline", "\xff\xfe", "<b>&'\"", "a:b", "..x", "%41"} {
		s.file("d/"+name, name)
		if a := s.status(200, "GET", "/d/"+url.PathEscape(name)); a.body != name {
			t.Errorf("%q: %q", name, a.body)
		}
		if a := s.status(200, "GET", "/d/"+string(appendSegment(nil, name))); a.body != name {
			t.Errorf("%q: %q", name, a.body)
		}
	}
	for _, target := range []string{"/d/A", "/d/%41", "/%64/%41", "/d%2FA"} {
		if a := s.status(200, "GET", target); a.body != "A" {
			t.Errorf("%s: %q", target, a.body)
		}
	}
	if a := s.status(200, "GET", "/d/a+b"); a.body != "a+b" { // no space in a path
		t.Errorf("%q", a.body)
	}
}

func TestDotFiles(t *testing.T) {
	s := newSite(t, Options{List: true})
	for _, name := range []string{".env", ".git/config", "a/.b/c", "a/.d", ".well-known/acme", ".well-known/.no", "a/.well-known/no", "x/.well-known.", "a.b"} {
		s.file(name, name)
	}
	for _, name := range []string{".env", ".git/config", ".git/", ".git", "a/.b/c", "a/.d", ".well-known/.no", "a/.well-known/no", "%2eenv", "a/%2ed"} {
		s.status(404, "GET", "/"+name)
	}
	s.status(200, "GET", "/.well-known/acme")
	s.status(200, "GET", "/a.b")
	if a := s.get("/"); strings.Contains(a.body, ".env") || strings.Contains(a.body, ".git") || !strings.Contains(a.body, "a.b") {
		t.Errorf("listed: %s", a.body)
	}
	s = newSite(t, Options{DotFiles: true})
	s.file(".git/config", "x")
	s.status(200, "GET", "/.git/config")
}

// The redirect leads to the same host and to the same folder, as a browser
// understands it.
func TestRedirectRelative(t *testing.T) {
	s := newSite(t, Options{List: true})
	for _, name := range []string{"dir/sub", "a:b", "sp ace", "q?", `back\slash`, "evil.com", "100%"} {
		s.folder(name)
	}
	for target, want := range map[string]string{
		"/dir":                   "/dir/",
		"/dir?a=b&c=%2F":         "/dir/?a=b&c=%2F",
		"/dir?":                  "/dir/",
		"/dir/sub":               "/dir/sub/",
		"/dir%2fsub":             "/dir%2fsub/",
		"/sp%20ace":              "/sp%20ace/",
		"/q%3F":                  "/q%3F/",
		"/100%25":                "/100%25/",
		"/a:b":                   "/a:b/",
		"/back%5cslash":          "/back%5cslash/",
		`/back\slash`:            "/back%5Cslash/",
		"//evil.com":             "//evil.com/",
		"///evil.com":            "///evil.com/",
		"/dir/..%2fdir":          "/dir/..%2fdir/",
		"/dir?x=\"><script>":     "/dir/?x=%22%3E%3Cscript%3E",
		"/dir?//evil.com":        "/dir/?//evil.com",
		"http://test/dir":        "/dir/",
		"/dir/sub?http://a.b/c?": "/dir/sub/?http://a.b/c?",
	} {
		a := s.status(301, "GET", target)
		location := a.Header.Get("Location")
		if !strings.HasPrefix(location, "./") || strings.ContainsAny(location, `\"<>`) {
			t.Errorf("%s: Location %q", target, location)
		}
		base := "http://test" + strings.ReplaceAll(target, `\`, "%5C")
		if strings.HasPrefix(target, "http:") {
			base = target
		}
		from, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		to, err := from.Parse(location)
		if err != nil {
			t.Errorf("%s: Location %q: %v", target, location, err)
			continue
		}
		if to.Host != "test" || to.RequestURI() != want {
			t.Errorf("%s: Location %q leads to %s, want %s", target, location, to, want)
		}
		s.status(200, "GET", to.RequestURI())
	}
}
