package conformance

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
	"github.com/pollard-go/pollard/engine/internal/programs"
)

// nginx is in front of the servers, with connections to them that are kept.
// What it must not do is retry: a request that is lost is to be seen.
func nginx(t *testing.T, servers ...*server) (addr string) {
	t.Helper()
	path := programs.Find(t, "nginx")
	dir := t.TempDir()
	addr = programs.FreeAddr(t)
	var upstream strings.Builder
	for _, s := range servers {
		fmt.Fprintf(&upstream, "    server %s max_fails=0;\n", s.addr)
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;\n" // so that it may write below dir
	}
	text := fmt.Sprintf(user+`daemon off;
worker_processes 1;
pid %[1]s/pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  keepalive_requests 100000;
  upstream pollard {
%[2]s    keepalive 32;
  }
  server {
    listen %[3]s;
    location / {
      proxy_pass http://pollard;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_next_upstream error;
    }
  }
}
`, dir, upstream.String(), addr)
	launch(t, addr, path, "-e", "stderr", "-p", dir, "-c", write(t, dir, text))
	return addr
}

// haproxy likewise. A connection that can't be made may be tried elsewhere; a
// request that was sent is not.
func haproxy(t *testing.T, servers ...*server) (addr string) {
	t.Helper()
	path := programs.Find(t, "haproxy")
	addr = programs.FreeAddr(t)
	var list strings.Builder
	for i, s := range servers {
		fmt.Fprintf(&list, "  server s%d %s maxconn 64\n", i, s.addr)
	}
	text := fmt.Sprintf(`global
  maxconn 512
defaults
  mode http
  timeout connect 30s
  timeout client 120s
  timeout server 120s
  option http-keep-alive
  option redispatch 1
  http-reuse always
  retries 3
  retry-on conn-failure
frontend f
  bind %s
  default_backend b
backend b
  balance roundrobin
%s`, addr, list.String())
	launch(t, addr, path, "-db", "-q", "-f", write(t, t.TempDir(), text))
	return addr
}

func write(t *testing.T, dir, text string) string {
	t.Helper()
	name := filepath.Join(dir, "configuration")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

var proxies = map[string]func(t *testing.T, servers ...*server) string{"nginx": nginx, "HAProxy": haproxy}

// TestProxies: every request that a proxy takes is answered as by the server
// itself, over connections that both keep.
func TestProxies(t *testing.T) {
	const requests, clients = 2000, 16
	for name, start := range proxies {
		for _, mode := range []engine.Mode{engine.ModeAdaptive, engine.ModePooled, engine.ModeInline}[:scale(1, 3, 3)] {
			t.Run(name+" "+mode.String(), func(t *testing.T) {
				s := onTCP(t, inMode(mode))
				addr := start(t, s)
				before := s.Stats().Accepted
				load(t, clients, requests, func(c *http.Client, i int) error { return roundTrip(c, addr, i) })
				if n := s.Stats().Accepted - before; n > requests/10 {
					t.Errorf("%d connections for %d requests: they are not kept", n, requests)
				}
				pipelined(t, addr, clients, requests)
			})
		}
	}
}

// TestProxiesWhileShutDown: a server that goes loses no request, although none
// may be sent twice: the other one takes what is new. Its connections are held
// until the proxy has gone: which one the proxy uses when is not for us to say.
func TestProxiesWhileShutDown(t *testing.T) {
	const clients = 16
	for name, start := range proxies {
		t.Run(name, func(t *testing.T) {
			stays := onTCP(t, inMode(engine.ModeAdaptive))
			for round := range scale(1, 2, 20) {
				goes := onTCP(t, func(o *engine.Options) {
					o.Dispatch.Mode = []engine.Mode{engine.ModeInline, engine.ModePooled, engine.ModeAdaptive}[round%3]
					o.Close.Hold = patience
				})
				var done atomic.Int64
				down := make(chan error, 1)
				go func() {
					for done.Load() < 300 {
						time.Sleep(time.Millisecond)
					}
					ctx, cancel := context.WithTimeout(context.Background(), patience)
					defer cancel()
					down <- goes.Shutdown(ctx)
				}()
				t.Run("", func(t *testing.T) { // with which the proxy ends
					addr := start(t, goes, stays)
					load(t, clients, 2000, func(c *http.Client, i int) error {
						err := roundTrip(c, addr, i)
						done.Add(1)
						return err
					})
				})
				if err := <-down; err != nil {
					t.Errorf("Shutdown: %v", err)
				}
				if a, b := goes.Stats().Requests, stays.Stats().Requests; a < 50 || b < 50 {
					t.Errorf("%d requests before, %d after", a, b)
				}
			}
		})
	}
}

// load has so many clients make so many requests in all.
func load(t *testing.T, clients, requests int, request func(c *http.Client, i int) error) {
	t.Helper()
	var next, failed atomic.Int64
	var wg sync.WaitGroup
	for range clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			tr := &http.Transport{DisableCompression: true}
			defer tr.CloseIdleConnections()
			c := &http.Client{Transport: tr, Timeout: patience}
			for i := next.Add(1); i <= int64(requests); i = next.Add(1) {
				if err := request(c, int(i)); err != nil && failed.Add(1) < 5 {
					t.Errorf("request %d: %v", i, err)
				}
			}
		}()
	}
	wg.Wait()
	if n := failed.Load(); n > 0 {
		t.Errorf("%d of %d requests failed", n, requests)
	}
}

// roundTrip is one of several kinds of request.
func roundTrip(c *http.Client, addr string, i int) (err error) {
	var resp *http.Response
	want := fmt.Sprint(i)
	switch i % 5 {
	case 0:
		resp, err = c.Get("http://" + addr + "/seq?i=" + want)
	case 1:
		want = "onetwothree"
		resp, err = c.Get("http://" + addr + "/chunked?ms=1")
	case 2: // no length is known: it is chunked, unless the proxy gathers it
		want = strings.Repeat(want, 5000)
		resp, err = c.Post("http://"+addr+"/echo", "text/plain", io.MultiReader(strings.NewReader(want)))
	case 3:
		resp, err = c.Post("http://"+addr+"/ignore-body", "text/plain", strings.NewReader(want))
		want = "ignored"
	default:
		resp, err = c.Post("http://"+addr+"/echo", "text/plain", strings.NewReader(want))
	}
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || string(b) != want {
		return fmt.Errorf("%s %.100q: %v", resp.Status, b, err)
	}
	return nil
}

// pipelined has clients send ten requests at a time.
func pipelined(t *testing.T, addr string, clients, requests int) {
	t.Helper()
	const depth = 10
	var wg sync.WaitGroup
	for range clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := pipeline(addr, requests/clients/depth, depth); err != nil {
				t.Errorf("pipelined: %v", err)
			}
		}()
	}
	wg.Wait()
}

func pipeline(addr string, rounds, depth int) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * patience))
	r := bufio.NewReader(c)
	for round := range rounds {
		var b strings.Builder
		for i := range depth {
			fmt.Fprintf(&b, "GET /seq?i=%d HTTP/1.1\r\nHost: a\r\n\r\n", round*depth+i)
		}
		if _, err := io.WriteString(c, b.String()); err != nil {
			return err
		}
		for i := range depth {
			resp, err := http.ReadResponse(r, nil)
			if err != nil {
				return fmt.Errorf("round %d, answer %d: %w", round, i, err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != 200 || string(body) != fmt.Sprint(round*depth+i) {
				return fmt.Errorf("round %d, answer %d: %s %q, %v", round, i, resp.Status, body, err)
			}
		}
	}
	return nil
}
