package engine_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/pollard-go/pollard/engine"
)

func TestLookUp(t *testing.T) {
	f := serve(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		for _, name := range []string{"a", "b", "c", "A", ""} {
			value, ok := r.Cookie(name)
			_, _ = fmt.Fprintf(w, "%s=%s %v;", name, value, ok)
		}
		for value := range r.FieldValues("X-LIST") {
			_, _ = fmt.Fprintf(w, " %s", value)
		}
		for range r.FieldValues("x-list") { // it can be left
			break
		}
		head := r.Clone()
		one, ok := head.Field("x-List")
		_, none := head.Field("X-Missing")
		_, _ = fmt.Fprintf(w, "; %s %v %v", one, ok, none)
	})
	c := f.dial()
	c.send("GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1; c; b=\"2\"\r\nX-List: 1, 2\r\nx-list: 3\r\nCookie: a=4; c=5\r\n\r\n")
	c.wants(200, `a=1 true;b="2" true;c=5 true;A= false;= false; 1, 2 3; 1, 2 true false`)
}

func TestLookUpAllocatesNothing(t *testing.T) {
	if raceEnabled || debugged {
		t.Skip("the race detector allocates, and so does Options.Debug")
	}
	f := serve(t, engine.Options{}, func(w *engine.Response, r *engine.Request) {
		n := testing.AllocsPerRun(100, func() {
			if v, ok := r.Cookie("b"); !ok || string(v) != "2" {
				t.Error("no cookie")
			}
			for range r.FieldValues("Host") {
			}
			for range r.Fields() {
			}
		})
		_, _ = fmt.Fprint(w, n)
	})
	c := f.dial()
	c.send("GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1; b=2\r\n\r\n")
	c.wants(200, "0")
}

// Cookies are read as views, and set as net/http writes them.
func ExampleRequest_Cookie() {
	url, stop := start(func(w *engine.Response, r *engine.Request) {
		_, seen := r.Cookie("seen")
		_ = w.AddHeader("Set-Cookie", (&http.Cookie{Name: "seen", Value: "yes", HttpOnly: true}).String())
		_, _ = fmt.Fprint(w, seen)
	})
	defer stop()
	answer, err := http.Get(url)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Cookies())
	fmt.Println(told(answer, err))
	// Output:
	// [seen=yes; HttpOnly]
	// 200 false
}
