package static

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	dayBefore = "Wed, 28 Feb 2024 12:30:45 GMT"
	dayAfter  = "Fri, 01 Mar 2024 12:30:45 GMT"
)

// conditional is a request with preconditions, and its answer. TAG stands for
// the current entity tag.
type conditional struct {
	status int
	fields []string
}

func (s *site) conditionals(cases []conditional) {
	s.t.Helper()
	s.file("a.txt", "content")
	tag := s.get("/a.txt").Header.Get("ETag")
	for _, c := range cases {
		fields := make([]string, len(c.fields))
		for i, f := range c.fields {
			fields[i] = strings.ReplaceAll(f, "TAG", tag)
		}
		for _, method := range []string{"GET", "HEAD"} {
			a := s.status(c.status, method, "/a.txt", fields...)
			if want := map[int]string{200: "content", 206: "ont"}[c.status]; method == "GET" && c.status < 400 && a.body != want {
				s.t.Errorf("%q: content %q, want %q", fields, a.body, want)
			}
		}
	}
}

func TestIfMatch(t *testing.T) {
	newSite(t, Options{}).conditionals([]conditional{
		{200, []string{`If-Match: TAG`}},
		{200, []string{`if-match: "x", TAG`}},
		{200, []string{`If-Match: "x"`, `If-Match: TAG`}},
		{200, []string{`If-Match: "with\", TAG`}}, // a backslash is no escape
		{200, []string{`If-Match: ,, "x" , , TAG ,`}},
		{200, []string{`If-Match: *`}},
		{412, []string{`If-Match: "x"`}},
		{412, []string{`If-Match: W/TAG`}}, // compared strongly
		{412, []string{`If-Match: x`}},
		{412, []string{`If-Match: "x" TAG`}},
		{412, []string{`If-Match: `}},
		{412, []string{`If-Match: "x", *`}},
	})
}

func TestIfNoneMatch(t *testing.T) {
	newSite(t, Options{}).conditionals([]conditional{
		{304, []string{`If-None-Match: TAG`}},
		{304, []string{`If-None-Match: W/TAG`}}, // compared weakly
		{304, []string{`If-None-Match: "x", W/"y",TAG`}},
		{304, []string{`If-None-Match: "x,y"`, `If-None-Match: TAG`}},
		{304, []string{`IF-NONE-MATCH: *`}},
		{200, []string{`If-None-Match: "x"`}},
		{200, []string{`If-None-Match: w/TAG`}},
		{200, []string{`If-None-Match: `}},
		{200, []string{`If-None-Match: "TAG"`}},
	})
}

func TestIfModifiedSince(t *testing.T) {
	newSite(t, Options{}).conditionals([]conditional{
		{304, []string{"If-Modified-Since: " + settledDate}},
		{304, []string{"If-Modified-Since: " + dayAfter}},
		{304, []string{"If-Modified-Since: Thursday, 29-Feb-24 12:30:45 GMT"}},
		{304, []string{"If-Modified-Since: Thu Feb 29 12:30:45 2024"}},
		{200, []string{"If-Modified-Since: " + dayBefore}},
		{200, []string{"If-Modified-Since: Thu, 29 Feb 2024 12:30:44 GMT"}},
		{200, []string{"If-Modified-Since: tomorrow"}},
		{200, []string{"If-Modified-Since: Thu, 29 Feb 2024 12:30:45 UTC"}},
		{200, []string{"If-Modified-Since: " + dayAfter, "If-Modified-Since: " + dayAfter}}, // repeated: ignored
		{200, []string{"If-Modified-Since: " + dayAfter, `If-None-Match: "x"`}},             // ignored beside If-None-Match
	})
}

func TestIfUnmodifiedSince(t *testing.T) {
	newSite(t, Options{}).conditionals([]conditional{
		{200, []string{"If-Unmodified-Since: " + settledDate}},
		{200, []string{"If-Unmodified-Since: " + dayAfter}},
		{412, []string{"If-Unmodified-Since: " + dayBefore}},
		{200, []string{"If-Unmodified-Since: yesterday"}},
		{200, []string{"If-Unmodified-Since: " + dayBefore, "If-Unmodified-Since: " + dayBefore}},
		{200, []string{"If-Unmodified-Since: " + dayBefore, `If-Match: TAG`}}, // ignored beside If-Match
	})
}

// RFC 9110 §13.2.2.
func TestPreconditionOrder(t *testing.T) {
	newSite(t, Options{}).conditionals([]conditional{
		{412, []string{`If-None-Match: TAG`, `If-Match: "x"`}},
		{304, []string{`If-None-Match: TAG`, `If-Match: TAG`}},
		{412, []string{"If-Modified-Since: " + dayAfter, "If-Unmodified-Since: " + dayBefore}},
		{304, []string{"If-Modified-Since: " + dayAfter, "If-Unmodified-Since: " + dayAfter}},
		{412, []string{"If-Match: \"x\"", "If-Unmodified-Since: " + dayAfter}},
		{304, []string{`If-None-Match: TAG`, "Range: bytes=1-3"}},
		{412, []string{`If-Match: "x"`, "Range: bytes=1-3"}},
		{304, []string{`If-None-Match: TAG`, "Range: bytes=99-"}},
	})
}

func TestIfRange(t *testing.T) {
	s := newSite(t, Options{})
	s.file("a.txt", "content")
	tag := s.get("/a.txt").Header.Get("ETag")
	for _, c := range []struct {
		status int
		value  string
	}{
		{206, tag},
		{206, settledDate},
		{206, "Thu Feb 29 12:30:45 2024"},
		{200, `"x"`},
		{200, "W/" + tag}, // compared strongly
		{200, tag + ", " + tag},
		{200, dayAfter}, // not the very date
		{200, dayBefore},
		{200, "*"},
		{200, ""},
	} {
		a := s.status(c.status, "GET", "/a.txt", "Range: bytes=1-3", "If-Range: "+c.value)
		if want := map[int]string{200: "content", 206: "ont"}[c.status]; a.body != want {
			t.Errorf("If-Range: %s: %q", c.value, a.body)
		}
		s.status(200, "HEAD", "/a.txt", "Range: bytes=1-3", "If-Range: "+c.value)
	}
	s.status(200, "GET", "/a.txt", "Range: bytes=1-3", "If-Range: "+tag, "If-Range: "+tag)
	s.status(200, "GET", "/a.txt", "If-Range: "+tag) // without Range it says nothing
	s.status(200, "GET", "/a.txt", `Range: bytes=99-`, `If-Range: "x"`)
	s.status(416, "GET", "/a.txt", "Range: bytes=99-", "If-Range: "+tag)
}

// A date is no strong validator while its second has not passed.
func TestIfRangeFreshDate(t *testing.T) {
	var clock atomic.Pointer[time.Time]
	now := time.Date(2026, 5, 1, 10, 0, 0, 900_000_000, time.UTC)
	clock.Store(&now)
	s := newSite(t, Options{}, func(h *Handler) { h.now = func() time.Time { return *clock.Load() } })
	s.file("a.txt", "content")
	at := now.Add(-500 * time.Millisecond)
	if err := os.Chtimes(filepath.Join(s.dir, "a.txt"), at, at); err != nil {
		t.Fatal(err)
	}
	s.status(200, "GET", "/a.txt", "Range: bytes=1-3", "If-Range: Fri, 01 May 2026 10:00:00 GMT")
	later := now.Add(time.Second)
	clock.Store(&later)
	s.status(206, "GET", "/a.txt", "Range: bytes=1-3", "If-Range: Fri, 01 May 2026 10:00:00 GMT")
}

// RFC 9110 §13.2.1: what is refused anyway is refused.
func TestPreconditionsAfterChecks(t *testing.T) {
	s := newSite(t, Options{List: true})
	s.folder("dir")
	s.file("f.txt", "f")
	for _, field := range []string{`If-Match: "x"`, "If-None-Match: *", "If-Modified-Since: " + dayAfter, "Range: bytes=9-"} {
		s.status(404, "GET", "/missing", field)
		s.status(301, "GET", "/dir", field)
		s.status(405, "PUT", "/f.txt", field, "Content-Length: 0")
		s.status(400, "GET", "/%", field)
	}
	// A page has no validators: only "*" matches it.
	s.status(200, "GET", "/dir/", "If-Modified-Since: "+dayAfter, "Range: bytes=0-1")
	s.status(200, "GET", "/dir/", "If-Unmodified-Since: "+dayBefore)
	s.status(200, "GET", "/dir/", `If-None-Match: "x"`)
	s.status(304, "GET", "/dir/", "If-None-Match: *")
	s.status(200, "GET", "/dir/", "If-Match: *")
	s.status(412, "GET", "/dir/", `If-Match: "x"`)
}

// RFC 9110 §15.4.5.
func TestNotModifiedFields(t *testing.T) {
	s := newSite(t, Options{CacheControl: "no-cache"})
	s.file("a.txt", "content")
	whole := s.get("/a.txt")
	a := s.status(304, "GET", "/a.txt", "If-None-Match: *")
	s.field(a, "ETag", whole.Header.Get("ETag"))
	s.field(a, "Cache-Control", "no-cache")
	for _, name := range []string{"Content-Type", "Last-Modified", "Content-Length", "Accept-Ranges"} {
		s.field(a, name, "")
	}
	if a.Header.Get("Date") == "" || a.body != "" {
		t.Errorf("%v %q", a.Header, a.body)
	}
}

func TestETag(t *testing.T) {
	now := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	s := newSite(t, Options{}, func(h *Handler) { h.now = func() time.Time { return now } })
	s.file("a.txt", "content")
	full := filepath.Join(s.dir, "a.txt")
	seen := map[string]string{}
	check := func(what, content string, at time.Time, weak bool) {
		t.Helper()
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(full, at, at); err != nil {
			t.Fatal(err)
		}
		tag := s.get("/a.txt").Header.Get("ETag")
		if again := s.get("/a.txt").Header.Get("ETag"); again != tag {
			t.Errorf("%s: %s, then %s", what, tag, again)
		}
		if other, ok := seen[tag]; ok {
			t.Errorf("%s has the tag of %s: %s", what, other, tag)
		}
		seen[tag] = what
		if got := tag[:2] == "W/"; got != weak {
			t.Errorf("%s: %s", what, tag)
		}
	}
	check("an old file", "content", settledTime, false)
	check("another length", "contents", settledTime, false)
	check("a nanosecond later", "contents", settledTime.Add(1), false)
	check("another second", "contents", settledTime.Add(time.Second), false)
	check("before 1970", "contents", time.Date(1950, 1, 1, 0, 0, 0, 5, time.UTC), false)
	// RFC 9110 §8.8.1: another change could leave the same time.
	check("just modified", "contents", now.Add(-time.Millisecond), true)
	check("a moment ago", "contents", now.Add(-30*time.Millisecond), false)
	check("whole seconds, just modified", "contents", now.Add(-time.Second), true)
	check("whole seconds, some ago", "contents", now.Add(-3*time.Second), false)
	check("in the future", "contents", now.Add(time.Hour), true)
}

func TestLastModified(t *testing.T) {
	s := newSite(t, Options{})
	for i, c := range []struct {
		at   time.Time
		want string
	}{
		{settledTime, settledDate},
		{time.Date(1999, 12, 31, 23, 59, 59, 999_999_999, time.FixedZone("", 3600)), "Fri, 31 Dec 1999 22:59:59 GMT"},
		{time.Unix(0, 0), "Thu, 01 Jan 1970 00:00:00 GMT"},
	} {
		name := fmt.Sprintf("%d.txt", i)
		s.file(name, "x")
		if err := os.Chtimes(filepath.Join(s.dir, name), c.at, c.at); err != nil {
			t.Fatal(err)
		}
		s.field(s.get("/"+name), "Last-Modified", c.want)
	}
}

// RFC 9110 §8.8.2.1: not later than Date.
func TestLastModifiedFuture(t *testing.T) {
	s := newSite(t, Options{})
	s.file("a.txt", "x")
	future := time.Now().Add(48 * time.Hour)
	if err := os.Chtimes(filepath.Join(s.dir, "a.txt"), future, future); err != nil {
		t.Fatal(err)
	}
	a := s.get("/a.txt")
	modified, err1 := time.Parse(imfFixdate, a.Header.Get("Last-Modified"))
	date, err2 := time.Parse(imfFixdate, a.Header.Get("Date"))
	if err1 != nil || err2 != nil || modified.After(date) {
		t.Errorf("Last-Modified %q, Date %q", a.Header.Get("Last-Modified"), a.Header.Get("Date"))
	}
}
