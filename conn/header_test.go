package conn

import (
	"strings"
	"testing"
)

func fields(h *Header) string {
	var b strings.Builder
	for i := range h.Len() {
		name, value := h.At(i)
		b.WriteString(string(name) + "=" + string(value) + " ")
	}
	return b.String()
}

func TestHeaderSetAddDel(t *testing.T) {
	var h Header
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check := func(want string) {
		t.Helper()
		if got := fields(&h); got != want {
			t.Fatalf("fields %q, want %q", got, want)
		}
		wire := ""
		for _, f := range strings.Fields(want) {
			wire += strings.Replace(f, "=", ": ", 1) + "\r\n"
		}
		if string(h.buf) != wire {
			t.Fatalf("buffer %q, want %q", h.buf, wire)
		}
	}
	do(h.Add("A", "1"))
	do(h.Add("B", "2"))
	do(h.Add("a", "3"))
	check("A=1 B=2 a=3 ")
	do(h.Set("a", "4"))
	check("B=2 a=4 ")
	do(h.SetBytes("B", []byte("5")))
	check("a=4 B=5 ")
	do(h.Set("C", ""))
	check("a=4 B=5 C= ")
	h.Del("b")
	check("a=4 C= ")
	h.Del("none")
	check("a=4 C= ")
	h.Del("A")
	check("C= ")
	if v, ok := h.Get("c"); !ok || len(v) != 0 {
		t.Errorf("Get c: %q %t", v, ok)
	}
	if _, ok := h.Get("a"); ok {
		t.Error("Get found what was dropped")
	}
	h.Reset()
	check("")
}

// TestHeaderInjection: whatever a value or name holds, no call adds a line
// that was not asked for, or a byte that ends one.
func TestHeaderInjection(t *testing.T) {
	for c := range 256 {
		allowed := c == '\t' || c >= 0x20 && c != 0x7f
		value := "x" + string([]byte{byte(c)}) + "y"
		for name, call := range map[string]func(h *Header) error{
			"Set":      func(h *Header) error { return h.Set("X", value) },
			"SetBytes": func(h *Header) error { return h.SetBytes("X", []byte(value)) },
			"Add":      func(h *Header) error { return h.Add("X", value) },
		} {
			var h Header
			switch err := call(&h); {
			case allowed && (err != nil || string(h.buf) != "X: "+value+"\r\n"):
				t.Errorf("%s of %q: %v, %q", name, value, err, h.buf)
			case !allowed && (err != ErrFieldValue || len(h.buf) > 0):
				t.Errorf("%s of %q: %v, %q", name, value, err, h.buf)
			}
		}
		token := strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0 || c >= '0' && c <= '9' ||
			c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		var h Header
		if err := h.Add(value, "v"); (err == nil) != token || !token && err != ErrFieldName {
			t.Errorf("name %q: %v", value, err)
		}
	}
}

func TestHeaderManaged(t *testing.T) {
	var head Header
	trailer := Header{kind: trailerSection}
	for _, test := range []struct {
		h           *Header
		name, value string
		want        error
	}{
		{&head, "Content-Length", "5", nil},
		{&head, "content-LENGTH", "", ErrBadContentLength},
		{&head, "Content-Length", "5, 5", ErrBadContentLength},
		{&head, "Content-Length", "99999999999999999999", ErrBadContentLength},
		{&head, "Transfer-Encoding", "chunked", ErrFieldManaged},
		{&head, "Keep-Alive", "timeout=5", ErrFieldManaged},
		{&head, "Connection", "close", nil},
		{&head, "Connection", "close, X", ErrFieldManaged},
		{&head, "Something", "else", nil},      // as long as Connection
		{&head, "Content-Range", "x", nil},     // nearly as Content-Length
		{&head, "Content-Langu", "x", nil},     //
		{&head, "Transfer-Encodina", "x", nil}, // as long as Transfer-Encoding
		{&head, "Content-Lengtx", "x", nil},    // as long as Content-Length
		{&trailer, "Content-Length", "5", ErrTrailerField},
		{&trailer, "Set-Cookie", "a=b", ErrTrailerField},
		{&trailer, "X-Sum", "5", nil},
		{&trailer, "X\r\n", "5", ErrFieldName},
	} {
		if err := test.h.Add(test.name, test.value); err != test.want {
			t.Errorf("%s: %s: %v, want %v", test.name, test.value, err, test.want)
		}
	}
	if err := trailer.DeclareLength(5); err != ErrTrailerField {
		t.Errorf("a length in a trailer section: %v", err)
	}
	if !head.declared || head.length != 5 || !head.closes {
		t.Errorf("declared %t %d, closes %t", head.declared, head.length, head.closes)
	}
}

// TestHeaderMemory: a Header that grew does not keep its memory for ever.
func TestHeaderMemory(t *testing.T) {
	var h Header
	if err := h.Set("X", strings.Repeat("x", keptBytes+1)); err != nil {
		t.Fatal(err)
	}
	h.Reset()
	if cap(h.buf) > keptBytes {
		t.Errorf("%d bytes kept", cap(h.buf))
	}
}

func TestStatusText(t *testing.T) {
	for status, text := range map[int]string{200: "OK", 404: "Not Found", 299: "", 0: "", -1: "", 1000: "", 999: ""} {
		if got := StatusText(status); got != text {
			t.Errorf("%d: %q, want %q", status, got, text)
		}
	}
	for status := 100; status < 600; status++ {
		line := string(appendStatusLine(nil, status))
		want := "HTTP/1.1 " + string(rune('0'+status/100)) + string(rune('0'+status/10%10)) +
			string(rune('0'+status%10)) + " " + StatusText(status) + "\r\n"
		if line != want {
			t.Errorf("%q, want %q", line, want)
		}
	}
}

// A first field that is the same as in the last answer is not looked at again;
// nothing that overwrites its bytes can make another one pass as that.
func TestHeaderSameAsBefore(t *testing.T) {
	var h Header
	set := func(name, value string) {
		t.Helper()
		if err := h.Set(name, value); err != nil {
			t.Fatalf("%q: %q: %v", name, value, err)
		}
	}
	wants := func(want string) {
		t.Helper()
		if got := string(h.buf); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for range 3 { // the second and third are the same as before
		set("Content-Type", "text/plain")
		set("X-A", "1")
		set("Content-Type", "text/html") // replaces the first
		wants("X-A: 1\r\nContent-Type: text/html\r\n")
		h.Reset()
		set("X-A", "1")
		wants("X-A: 1\r\n")
		h.Reset()
	}
	set("X-A", "1")
	set("X-A", "2")
	wants("X-A: 2\r\n")
	h.Reset()

	// A line whose bytes were overwritten by two others is no longer the same.
	set("A", "b567C8d")
	h.Reset()
	set("A", "b")
	set("C", "d")
	h.Del("A")
	h.Del("C")
	for _, value := range []string{"b\r\nC: d", "b567C8d\r\n", "b\x00"} {
		if err := h.Set("A", value); err == nil {
			t.Errorf("%q passed", value)
		}
	}
	// Fields that are more than a line do their work each time.
	for range 3 {
		h.Reset()
		set("Date", "Mon, 02 Jan 2006 15:04:05 GMT")
		if !h.dated {
			t.Error("Date is not noted")
		}
		h.Reset()
		set("Upgrade", "h2c")
		if !h.upgrades {
			t.Error("Upgrade is not noted")
		}
	}
}
