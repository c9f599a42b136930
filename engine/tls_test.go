package engine_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/programs"
	"github.com/pollard-go/pollard/engine/internal/selfsigned"
)

// certify writes a certificate for name, with its key, into files.
func certify(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	certificate, secret, err := selfsigned.PEM(name)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	replace(t, cert, certificate)
	replace(t, key, secret)
	return cert, key
}

// replace puts a file in the place of another at once.
func replace(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		t.Fatal(err)
	}
}

// secure is a fixture with TLS.
type secure struct {
	*fixture
	cert, key string
}

func serveSecurely(t *testing.T, o engine.Options, h engine.HandlerFunc) *secure {
	t.Helper()
	cert, key := certify(t, t.TempDir(), "first.example")
	return &secure{serveWith(t, listen(t, "tcp", "127.0.0.1:0"), o, h, func(s *engine.Server, ln net.Listener) error {
		return s.ServeTLS(ln, cert, key)
	}), cert, key}
}

// shakes returns a connection that is secured.
func (f *secure) shakes() (*client, *tls.Conn) {
	f.t.Helper()
	return f.shakesOn(f.dial())
}

func (f *secure) shakesOn(c *client) (*client, *tls.Conn) {
	f.t.Helper()
	secured := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	if err := secured.Handshake(); err != nil {
		f.t.Fatal(err)
	}
	c.Conn = secured
	c.r.Reset(secured)
	return c, secured
}

func TestTLS(t *testing.T) {
	f := serveSecurely(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		state := r.TLS()
		if state == nil || state.NegotiatedProtocol != "http/1.1" || !state.HandshakeComplete {
			t.Errorf("%+v", state)
		}
		_, err := r.Body().WriteTo(w)
		if err != nil {
			t.Error(err)
		}
	})
	c, secured := f.shakes()
	body := strings.Repeat("0123456789abcdef", 100_000)
	for range 3 {
		go func() { _, _ = io.WriteString(secured, post("/", len(body))+body) }()
		c.wants(200, body)
	}
	for range 100 { // pipelined
		c.get("/")
	}
	for range 100 {
		c.wants(200, "")
	}
	c.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	c.wants(200, "")
	c.ended()
}

// TestTLSPlain: without TLS there is no request, and the answer says so.
func TestTLSPlain(t *testing.T) {
	f := serveSecurely(t, engine.Options{}, hello)
	for range 3 {
		c := f.dial()
		c.get("/")
		a := c.answer()
		if a.StatusCode != 400 || !a.Close || !strings.Contains(a.body, "TLS") {
			t.Errorf("%v %q", a.Response, a.body)
		}
		c.ended()
		_ = c.Close()
	}
	c := f.dial()
	c.send("\x16\x03\x01\xff\xff what is this, for heaven's sake?")
	_, _ = c.rest()
	_ = c.Close()
	f.booksAgree(0)
	if s := f.Stats(); s.Closed[conn.ReasonBadRequest] != 3 || s.Closed[conn.ReasonHandshake] != 1 {
		t.Errorf("%v", s.Closed)
	}
}

// TestTLSProtocol: RFC 7301 §3.2: without a protocol in common the handshake fails.
func TestTLSProtocol(t *testing.T) {
	f := serveSecurely(t, engine.Options{}, hello)
	c := tls.Client(f.dial().Conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err := c.Handshake(); err == nil || !strings.Contains(err.Error(), "no application protocol") {
		t.Errorf("%v", err)
	}
	_ = c.Close()
	f.booksAgree(0)
}

// TestTLSProtocolOfOld: a client of HTTP/1.0 may offer that alone (its name is
// registered as HTTP/1.1's is).
func TestTLSProtocolOfOld(t *testing.T) {
	f := serveSecurely(t, engine.Options{}, hello)
	for offered, want := range map[string]string{"http/1.0": "http/1.0", "http/1.0 http/1.1": "http/1.1", "": ""} {
		c := tls.Client(f.dial().Conn, &tls.Config{InsecureSkipVerify: true, NextProtos: strings.Fields(offered)})
		if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
			t.Fatalf("%q offered: %v", offered, err)
		}
		got, err := io.ReadAll(c)
		if err != nil || !strings.HasSuffix(string(got), "hello") || c.ConnectionState().NegotiatedProtocol != want {
			t.Errorf("%q offered: %q, %q, %v", offered, c.ConnectionState().NegotiatedProtocol, got, err)
		}
		_ = c.Close()
	}
	f.booksAgree(0)
}

// TestTLSStopped: those that stop in the middle of a handshake are gone when their
// time is over, and keep nobody out.
func TestTLSStopped(t *testing.T) {
	const stopped = 300
	o := engine.Options{TLS: engine.TLSOptions{HandshakeTimeout: 2 * time.Second, Handshakes: 2}}
	f := serveSecurely(t, o, hello)
	began := time.Now()
	for i := range stopped {
		if c := f.dial(); i%2 == 0 {
			c.send("\x16\x03\x01\x02\x00\x01\x00")
		}
	}
	for range 20 {
		c, _ := f.shakes()
		c.get("/")
		c.wants(200, "hello")
		_ = c.Close()
	}
	if d := time.Since(began); f.Stats().Closed[conn.ReasonHandshake] > 0 && d < 2*time.Second {
		t.Errorf("gone after %v", d)
	}
	f.booksAgree(0)
	if n := f.Stats().Closed[conn.ReasonHandshake]; n != stopped {
		t.Errorf("%d of %d ended for that", n, stopped)
	}
}

// TestTLSReload: a new pair of files is served to those who connect from then on.
func TestTLSReload(t *testing.T) {
	var o engine.Options
	o.TLS.Reload = 10 * time.Millisecond
	log := records(&o)
	f := serveSecurely(t, o, hello)
	name := func() string {
		_, c := f.shakes()
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	old, _ := f.shakes()
	if n := name(); n != "first.example" {
		t.Fatal(n)
	}
	replace(t, f.key, []byte("broken"))
	if !within(patience, func() bool { _ = name(); return strings.Contains(log.all(), "the old one stays") }) {
		t.Error("nothing was logged")
	}
	if n := name(); n != "first.example" {
		t.Errorf("a broken pair is served: %s", n)
	}
	certify(t, filepath.Dir(f.cert), "second.example")
	if !within(patience, func() bool { return name() == "second.example" }) {
		t.Error("the new pair is not served")
	}
	old.get("/")
	old.wants(200, "hello")
}

func TestTLSOptions(t *testing.T) {
	srv := engine.New(engine.HandlerFunc(hello), engine.Options{Addr: "127.0.0.1:0"})
	var wrong *engine.OptionError
	if err := srv.ListenAndServeTLS("", ""); !errors.As(err, &wrong) || wrong.Field != "TLS.Config" {
		t.Errorf("%v", err)
	}
	if err := srv.ListenAndServeTLS("/nowhere", "/nowhere"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	broken := filepath.Join(t.TempDir(), "broken.pem")
	if err := os.WriteFile(broken, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := srv.ListenAndServeTLS(broken, "key.pem"); err == nil || !strings.Contains(err.Error(), broken) {
		t.Errorf("%v does not say which file", err)
	}
}

// TestTLSSlowReader: output that is stuck breaks nothing, and has its timeout.
func TestTLSSlowReader(t *testing.T) {
	const length = 3 << 20
	var o engine.Options
	o.Timeouts.Write = time.Second
	o.Listen.SendBuffer = 64 << 10
	f := serveSecurely(t, o, func(w *engine.Response, r *engine.Request) {
		_ = w.SetContentLength(length)
		_, _ = w.Write(bytes.Repeat([]byte("a"), length))
	})
	c, _ := f.shakes()
	c.get("/")
	resp, err := readResponse(c)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for b := make([]byte, 32<<10); total < length; {
		n, err := resp.Body.Read(b)
		total += n
		if err != nil && total < length {
			t.Fatalf("after %d: %v", total, err)
		}
		if total < 1<<20 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	stuck, _ := f.shakesOn(f.dial().slow())
	stuck.get("/")
	if !within(patience, func() bool { return f.Stats().Closed[conn.ReasonWriteTimeout] == 1 }) {
		t.Errorf("%v", f.Stats().Closed)
	}
}

func TestTLSFileDetachedHijacked(t *testing.T) {
	content, err := os.ReadFile("tls_test.go")
	if err != nil {
		t.Fatal(err)
	}
	f := serveSecurely(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		switch string(r.Path()) {
		case "/file":
			file, err := os.Open("tls_test.go")
			if err != nil {
				t.Error(err)
			}
			_ = w.SendFile(file, 0, -1)
		case "/detach":
			d := w.Detach()
			go func() {
				time.Sleep(10 * time.Millisecond)
				_, _ = d.WriteString("later")
				_ = d.Flush()
				time.Sleep(10 * time.Millisecond)
				_ = d.End()
			}()
		case "/hijack":
			nc, err := w.Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			go echo(nc)
		}
	})
	c, _ := f.shakes()
	for range 3 {
		c.get("/file")
		c.wants(200, string(content))
		c.get("/detach")
		c.wants(200, "later")
	}
	c.send("GET /hijack HTTP/1.1\r\nHost: a\r\n\r\nbehind")
	c.receives("behind")
	c.echoes("and more")
	if err := c.Conn.(*tls.Conn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	c.ended()
}

func TestTLSClients(t *testing.T) {
	f := serveSecurely(t, engine.Options{}, func(w *engine.Response, r *engine.Request) { _, _ = r.Body().WriteTo(w) })
	pool := x509.NewCertPool()
	b, err := os.ReadFile(f.cert)
	if err != nil || !pool.AppendCertsFromPEM(b) {
		t.Fatal(err)
	}
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "first.example"}}}
	defer web.CloseIdleConnections()
	for range 3 {
		resp, err := web.Post("https://"+f.addr, "text/plain", strings.NewReader("posted"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if string(got) != "posted" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	t.Run("curl", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		curl := programs.Find(t, "curl")
		out, err := command(ctx, curl, "-sS", "--cacert", f.cert, "--connect-to", "::"+f.addr, "--data-binary", "@tls_test.go", "https://first.example/")
		want, _ := os.ReadFile("tls_test.go")
		if err != nil || out != string(want) {
			t.Errorf("%v: %.300s", err, out)
		}
	})
	t.Run("openssl", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		openssl := programs.Find(t, "openssl")
		for _, version := range []string{"-tls1_2", "-tls1_3"} {
			out, err := command(ctx, openssl, "s_client", "-connect", f.addr, "-CAfile", f.cert, "-quiet", "-ign_eof", version)
			if err != nil || !strings.Contains(out, "\r\n\r\nover openssl") {
				t.Errorf("%s: %v: %.1000s", version, err, out)
			}
		}
	})
}

// command runs a program that is given a request, and returns what it prints.
func command(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader("POST / HTTP/1.1\r\nHost: first.example\r\nContent-Length: 12\r\nConnection: close\r\n\r\nover openssl")
	out, err := cmd.Output()
	return string(out), err
}
