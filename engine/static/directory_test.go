package static

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var rowPattern = regexp.MustCompile(`<tr><td><a href="([^"]*)">([^<]*)</a></td><td class="n">(\d*)</td><td class="n">([^<]*)</td></tr>`)

// rows gives reference, text, size and time of each row of a page.
func rows(body string) (rows [][]string) {
	for _, m := range rowPattern.FindAllStringSubmatch(body, -1) {
		rows = append(rows, m[1:])
	}
	return rows
}

func TestList(t *testing.T) {
	s := newSite(t, Options{List: true})
	s.file("d/b.txt", "12345")
	s.file("d/a.txt", "")
	s.file("d/Z", "z")
	s.folder("d/zz")
	s.folder("d/m")
	if err := os.Symlink("m", filepath.Join(s.dir, "d", "link")); err != nil {
		t.Fatal(err)
	}
	a := s.status(200, "GET", "/d/")
	var got []string
	for _, r := range rows(a.body) {
		got = append(got, strings.Join(r[:3], " "))
	}
	want := []string{"./link/ link/ ", "./m/ m/ ", "./zz/ zz/ ", "./Z Z 1", "./a.txt a.txt 0", "./b.txt b.txt 5"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, part := range []string{"<title>/d/</title>", "<h1>/d/</h1>", `<a href="../">`, ">2024-02-29 12:30:45<", "color-scheme:light dark"} {
		if !strings.Contains(a.body, part) {
			t.Errorf("no %s in %s", part, a.body)
		}
	}
	s.field(a, "Content-Type", "text/html; charset=utf-8")
	s.field(a, "Cache-Control", "no-cache")
	if !strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("policy %q", a.Header.Get("Content-Security-Policy"))
	}
	if h := s.status(200, "HEAD", "/d/"); h.body != "" || h.ContentLength != a.ContentLength {
		t.Errorf("HEAD: length %d, GET: %d", h.ContentLength, a.ContentLength)
	}
	if a := s.get("/d/m/"); !strings.Contains(a.body, "empty") {
		t.Errorf("%s", a.body)
	}
	if a := s.get("/"); strings.Contains(a.body, `"../"`) {
		t.Error("there is nothing above the root")
	}
}

// Names can be any bytes: they must not become markup, nor another reference.
func TestListEscapes(t *testing.T) {
	s := newSite(t, Options{List: true, DotFiles: true})
	names := []string{"<script>alert(1)</script>", `"onmouseover="x`, "javascript:alert(1)", "a&amp;b", "a'b", "50%41", "q?x", "f#x", `b\s`,
		"nl\nx", "\xff", "ü", "..x", "//evil"[2:], "\u202etxt.exe", "\x1b[31m"}
	names[0] = strings.ReplaceAll(names[0], "/", "|")
	for _, name := range names {
		s.file("<i>/"+name, name)
	}
	a := s.status(200, "GET", "/%3Ci%3E/")
	for _, bad := range []string{"<script", "<i>", `"on`, "\x1b", "\u202e", "\xff", `href="javascript`, "&amp;b<"} {
		if strings.Contains(a.body, bad) {
			t.Errorf("%q in %s", bad, a.body)
		}
	}
	found := rows(a.body)
	if len(found) != len(names) {
		t.Errorf("%d rows, want %d: %s", len(found), len(names), a.body)
	}
	for _, r := range found {
		b := s.status(200, "GET", "/%3Ci%3E/"+strings.TrimPrefix(r[0], "./"))
		if !slices.Contains(names, b.body) {
			t.Errorf("%s leads to %q", r[0], b.body)
		}
	}
}

func TestListBounded(t *testing.T) {
	s := newSite(t, Options{List: true, ListEntries: 1500})
	for i := range 1501 {
		if err := os.WriteFile(filepath.Join(s.dir, fmt.Sprintf("file%04d", i)), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a := s.status(200, "GET", "/")
	if n := len(rows(a.body)); n != 1500 || !strings.Contains(a.body, "more entries than the 1500 listed") {
		t.Errorf("%d rows", n)
	}
	if err := os.Remove(filepath.Join(s.dir, "file0700")); err != nil {
		t.Fatal(err)
	}
	a = s.status(200, "GET", "/")
	got := rows(a.body)
	if len(got) != 1500 || strings.Contains(a.body, "more entries") {
		t.Errorf("%d rows", len(got))
	}
	if !slices.IsSortedFunc(got, func(a, b []string) int { return strings.Compare(a[1], b[1]) }) {
		t.Error("not sorted")
	}
}

func TestListOff(t *testing.T) {
	s := newSite(t, Options{})
	s.file("d/a.txt", "a")
	s.status(404, "GET", "/d/")
	s.status(404, "GET", "/")
	s.status(301, "GET", "/d")
}
