package engine_test

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// negative says what a negative value means of each number in the options.
// A field that is missing here fails the test.
var negative = map[string]bool{ // true: an error
	"Listen.Backlog":        true,
	"KeepAlive.IdleTimeout": false,
	"KeepAlive.MaxRequests": false,
	"KeepAlive.MaxAge":      false,
	"KeepAlive.Jitter":      false,
	"Timeouts.Receive":      false,
	"Timeouts.ReadRate":     false,
	"Timeouts.WriteRate":    false,
	"Timeouts.RateGrace":    false,
	"Limits.Pipelined":      false,
	"Close.LingerBytes":     false,
	"Timeouts.Head":         false,
	"Timeouts.Body":         false,
	"Timeouts.Write":        false,
	"Timeouts.Request":      false,
	"Limits.RequestLine":    true,
	"Limits.FieldLine":      true,
	"Limits.HeadBytes":      true,
	"Limits.Fields":         true,
	"Limits.BodyBytes":      false,
	"Limits.MemoryBytes":    false,
	"Limits.WholeBody":      true,
	"Limits.DiscardBytes":   false,
	"Limits.OutputBytes":    true,
	"Dispatch.Loops":        true,
	"Dispatch.Workers":      false,
	"Dispatch.Queue":        false,
	"Dispatch.RetryAfter":   true,
	"Dispatch.IdleWorkers":  false,
	"Close.LingerIdle":      false,
	"Close.LingerTotal":     false,
	"TLS.HandshakeTimeout":  false,
	"TLS.Handshakes":        false,
	"TLS.Reload":            false,
	"Close.Hold":            false,
	"Close.Notice":          true,
	"Close.DrainLinger":     false,
}

func TestOptionsNegative(t *testing.T) {
	var o engine.Options
	groups := reflect.TypeOf(o)
	for i := range groups.NumField() {
		group := groups.Field(i)
		if group.Type.Kind() != reflect.Struct {
			continue
		}
		for k := range group.Type.NumField() {
			field := group.Type.Field(k)
			name := group.Name + "." + field.Name
			var set engine.Options
			v := reflect.ValueOf(&set).Elem().Field(i).Field(k)
			if !v.CanInt() {
				continue
			}
			v.SetInt(-1)
			wrong, known := negative[name]
			if !known {
				t.Errorf("%s: the test does not know what negative means", name)
				continue
			}
			checkOption(t, set, name, wrong)
		}
	}
}

// TestOptionsWithoutUnit: 30 for 30 * time.Second is found, and not taken for 30 ns.
func TestOptionsWithoutUnit(t *testing.T) {
	var o engine.Options
	groups := reflect.TypeOf(o)
	for i := range groups.NumField() {
		group := groups.Field(i)
		if group.Type.Kind() != reflect.Struct {
			continue
		}
		for k := range group.Type.NumField() {
			var set engine.Options
			if d, ok := reflect.ValueOf(&set).Elem().Field(i).Field(k).Addr().Interface().(*time.Duration); ok {
				*d = 30
				checkOption(t, set, group.Name+"."+group.Type.Field(k).Name, true)
			}
		}
	}
}

func TestOptionsOutOfRange(t *testing.T) {
	for name, set := range map[string]func(o *engine.Options){
		"Dispatch.Mode":          func(o *engine.Options) { o.Dispatch.Mode = 99 },
		"Dispatch.Loops":         func(o *engine.Options) { o.Dispatch.Loops = 5000 },
		"Close.HalfClose":        func(o *engine.Options) { o.Close.HalfClose = 9 },
		"Limits.Refusal":         func(o *engine.Options) { o.Limits.Refusal = 9 },
		"Limits.ClientPrefix":    func(o *engine.Options) { o.Limits.ClientPrefix = 129 },
		"Limits.SoftConnections": func(o *engine.Options) { o.Limits.Connections, o.Limits.SoftConnections = 5, 6 },
		"Limits.Trusted": func(o *engine.Options) {
			o.Limits.Trusted = []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")}
		},
		"Limits.HeadBytes":   func(o *engine.Options) { o.Limits.HeadBytes = 1<<30 + 1 },
		"Close.LingerTotal":  func(o *engine.Options) { o.Close.LingerIdle, o.Close.LingerTotal = -1, -1 },
		"KeepAlive.Jitter":   func(o *engine.Options) { o.KeepAlive.Jitter = 101 },
		"Timeouts.ReadRate":  func(o *engine.Options) { o.Timeouts.ReadRate = 1<<30 + 1 },
		"Timeouts.WriteRate": func(o *engine.Options) { o.Timeouts.WriteRate = 1<<30 + 1 },
	} {
		var o engine.Options
		set(&o)
		checkOption(t, o, name, true)
	}
}

// Without a path the system would choose a name that nobody knows.
func TestAddressWithoutPath(t *testing.T) {
	var wrong *engine.OptionError
	srv := engine.New(engine.HandlerFunc(hello), engine.Options{Addr: "unix:"})
	defer srv.Close()
	if err := srv.ListenAndServe(); !errors.As(err, &wrong) || wrong.Field != "Addr" {
		t.Error(err)
	}
}

// checkOption starts a server: a good one gets as far as its address, which
// can't be listened on.
func checkOption(t *testing.T, o engine.Options, name string, wrong bool) {
	t.Helper()
	o.Addr = "unix:/nonexistent/socket"
	srv := engine.New(engine.HandlerFunc(hello), o)
	defer srv.Close()
	err := srv.ListenAndServe()
	var oe *engine.OptionError
	switch {
	case !wrong && (errors.As(err, &oe) || err == nil || !strings.Contains(err.Error(), "/nonexistent/socket")):
		t.Errorf("%s: %v", name, err)
	case wrong && (!errors.As(err, &oe) || oe.Field != name || !strings.Contains(err.Error(), name)):
		t.Errorf("%s: %v", name, err)
	}
	if wrong {
		ln := listen(t, "tcp", "127.0.0.1:0")
		if err := srv.Serve(ln); !errors.As(err, &oe) {
			t.Errorf("%s: Serve: %v", name, err)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	ln := listen(t, "tcp", "127.0.0.1:0")
	defer ln.Close()
	srv := engine.New(engine.HandlerFunc(hello), engine.Options{Addr: ln.Addr().String()})
	defer srv.Close()
	err := srv.ListenAndServe()
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), ln.Addr().String()) {
		t.Errorf("ListenAndServe: %v", err)
	}
}

func TestModeText(t *testing.T) {
	for _, mode := range modes {
		var m engine.Mode
		if err := m.UnmarshalText([]byte(mode.String())); err != nil || m != mode {
			t.Errorf("%v: %v, %v", mode, m, err)
		}
	}
	var m engine.Mode
	if err := m.UnmarshalText([]byte("nonsense")); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("%v", err)
	}
}

// TestLimits: each limit on a request is refused with its own status.
func TestLimits(t *testing.T) {
	var o engine.Options
	o.Limits.RequestLine, o.Limits.FieldLine, o.Limits.HeadBytes, o.Limits.Fields = 100, 200, 400, 5
	o.Limits.BodyBytes, o.Limits.WholeBody = 1000, 500
	o.KeepAlive.MaxRequests, o.KeepAlive.Announce, o.KeepAlive.IdleTimeout = 3, true, 10*time.Second
	f := serve(t, o, func(w *engine.Response, r *engine.Request) {
		if _, err := r.ReadAll(); errors.Is(err, engine.ErrBodyTooLarge) {
			_ = w.SetStatus(413)
		}
	})
	for name, c := range map[string]struct {
		send   string
		status int
	}{
		"request line": {"GET /" + strings.Repeat("a", 100) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
		"field line":   {"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("a", 200) + "\r\n\r\n", 431},
		"head":         {"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: "+strings.Repeat("a", 150)+"\r\n", 3) + "\r\n", 431},
		"fields":       {"GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: a\r\n", 5) + "\r\n", 431},
		"body":         {post("/", 1001), 413},
		"chunked body": {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + strings.Repeat("a", 0x400) + "\r\n0\r\n\r\n", 413},
		"whole body":   {post("/", 501) + strings.Repeat("a", 501), 413},
		"none":         {post("/", 500) + strings.Repeat("a", 500), 200},
	} {
		p := f.dial()
		p.send("%s", c.send)
		if a := p.answer(); a.StatusCode != c.status {
			t.Errorf("%s: %s", name, a.Status)
		}
		_ = p.Close()
	}
	p := f.dial()
	for i, want := range []string{"timeout=10, max=2", "timeout=10, max=1", ""} {
		p.get("/")
		a := p.wants(200, "")
		if got := a.Header.Get("Keep-Alive"); got != want || a.Close != (want == "") {
			t.Errorf("answer %d: Keep-Alive: %q, close: %v", i, got, a.Close)
		}
	}
	p.ended()
}
