package static

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// site is a served folder.
type site struct {
	t    *testing.T
	dir  string
	addr string
}

// settledTime is when the files of tests were modified.
var settledTime = time.Date(2024, 2, 29, 12, 30, 45, 123456789, time.UTC)

const settledDate = "Thu, 29 Feb 2024 12:30:45 GMT"

// newSite serves a new folder on a real socket. adjust may change the handler
// before it is used.
func newSite(t *testing.T, o Options, adjust ...func(*Handler)) *site {
	t.Helper()
	return newSiteWith(t, o, engine.Options{}, adjust...)
}

func newSiteWith(t *testing.T, o Options, with engine.Options, adjust ...func(*Handler)) *site {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	h, err := New(root, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range adjust {
		f(h)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := engine.New(h, with)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; !errors.Is(err, engine.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
		_ = root.Close()
	})
	return &site{t, dir, ln.Addr().String()}
}

// file writes a file that was modified at settledTime, and the folders it is in.
func (s *site) file(name, content string) {
	s.t.Helper()
	full := filepath.Join(s.dir, name)
	err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(content), 0o644),
		os.Chtimes(full, settledTime, settledTime))
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) folder(name string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Join(s.dir, name), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

// answer is what came back.
type answer struct {
	*http.Response
	body string
}

// ask sends one request byte for byte, and reads the answer to the end of the
// connection: nothing may follow it.
func (s *site) ask(method, target string, fields ...string) answer {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	head := method + " " + target + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
	for _, f := range fields {
		head += f + "\r\n"
	}
	if _, err := io.WriteString(c, head+"\r\n"); err != nil {
		s.t.Fatal(err)
	}
	raw, err := io.ReadAll(c)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, target, err)
	}
	r := bufio.NewReader(bytes.NewReader(raw))
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		s.t.Fatalf("%s %s: %v in %q", method, target, err, raw)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, target, err)
	}
	if rest, _ := io.ReadAll(r); len(rest) > 0 {
		s.t.Fatalf("%s %s: %q follows the answer", method, target, rest)
	}
	return answer{resp, string(body)}
}

func (s *site) get(target string, fields ...string) answer {
	s.t.Helper()
	return s.ask("GET", target, fields...)
}

// status asks and checks no more than the status.
func (s *site) status(want int, method, target string, fields ...string) answer {
	s.t.Helper()
	a := s.ask(method, target, fields...)
	if a.StatusCode != want {
		s.t.Errorf("%s %s %q: status %d, want %d", method, target, fields, a.StatusCode, want)
	}
	return a
}

// field checks a field's value, "" for none.
func (s *site) field(a answer, name, want string) {
	s.t.Helper()
	if got := strings.Join(a.Header.Values(name), ", "); got != want {
		s.t.Errorf("%s: %q, want %q", name, got, want)
	}
}
