package conn

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestHeadMemo: whatever answers follow one another on a connection, each has
// the head that it has on a connection which remembers nothing.
func TestHeadMemo(t *testing.T) {
	remembered := 0
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		cfg := DefaultConfig()
		date := []byte("Sun, 06 Nov 1994 08:49:37 GMT")
		cfg.Date = func() []byte { return date }
		cfg.KeepAliveField = rnd.IntN(4) == 0 // it tells how many requests are left
		cfg.Transactions = 30
		var with, without Conn
		with.Init(&cfg, 0)
		without.Init(&cfg, 0)
		for range 40 {
			if rnd.IntN(8) == 0 {
				date[len(date)-5]++ // in the same memory: what counts is the value
			}
			request := "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
			switch rnd.IntN(12) {
			case 0:
				request = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
			case 1:
				request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
			case 2:
				request = "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"
			case 3:
				request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
			}
			kind := rnd.Uint64N(48)
			if without.x != nil {
				without.x.memo.forget()
				without.x.resp.Header.changed()
			}
			got, want := answerOfKind(t, &with, request, kind), answerOfKind(t, &without, request, kind)
			if got != want {
				t.Fatalf("seed %d: %q answered by %q, want %q", seed, request, got, want)
			}
			if x := with.x; x != nil && len(x.memo.text) > 0 {
				remembered++
			}
			if with.final {
				with.Init(&cfg, 0)
				without.Init(&cfg, 0)
			}
		}
	}
	if remembered < 1000 {
		t.Errorf("a head was remembered %d times only", remembered)
	}
}

// answerOfKind serves a request in a way that kind tells, the low ones alike. The
// connection keeps its exchange.
func answerOfKind(t *testing.T, c *Conn, request string, kind uint64) string {
	t.Helper()
	c.Receive(0, []byte(request))
	if e := c.Next(0); e != Requested {
		t.Fatalf("%s for %q", e, request)
	}
	h := c.Header()
	_ = h.Set("Content-Type", "text/plain")
	switch kind {
	case 0:
		_ = h.Set("Content-Type", "text/html")
	case 1:
		_ = h.Add("Set-Cookie", "a=1")
		_ = h.Add("Set-Cookie", "b=2")
	case 2:
		_ = h.Set("Upgrade", "h2c")
	case 3:
		_ = h.Set("Date", "Mon, 02 Jan 2006 15:04:05 GMT")
	case 4:
		_ = h.Set("Connection", "close")
	case 5:
		_ = h.DeclareLength(3)
	case 6:
		_ = c.SetStatus(204)
	case 7:
		_ = c.SetStatus(304)
	case 8:
		_ = c.SetStatus(200)
	case 9:
		_ = c.SetStatus(404)
	case 10:
		_ = c.Flush()
	case 11:
		c.Abort(0)
		return take(c, 0)
	case 12:
		c.Decline(0, 503, 1e9)
		return take(c, 0)
	case 13:
		h.Del("Content-Type")
	case 14:
		_, _ = c.Write([]byte("more"))
	case 15:
		_ = h.Set("X", strings.Repeat("x", memoBytes))
	}
	_, _ = c.Write([]byte("abc"))
	_ = c.End(0)
	return take(c, 0)
}

// TestHeaderRemembers: a Header that has been used before is like a new one.
func TestHeaderRemembers(t *testing.T) {
	names, values := []string{"A", "B", "a", "Upgrade", "Date"}, []string{"", "1", "22"}
	for seed := range uint64(2000) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		var used Header
		seen := map[string]string{} // bytes by what a memo knows them by
		for range 12 {
			var fresh Header
			for range rnd.IntN(5) {
				name, value := names[rnd.IntN(len(names))], values[rnd.IntN(len(values))]
				if rnd.IntN(3) > 0 {
					name, value = names[used.Len()%2], values[1]
				}
				switch rnd.IntN(12) {
				case 0:
					used.Del(name)
					fresh.Del(name)
				case 1, 2, 3:
					_ = used.Add(name, value)
					_ = fresh.Add(name, value)
				default:
					_ = used.Set(name, value)
					_ = fresh.Set(name, value)
				}
				if fields(&used) != fields(&fresh) || string(used.buf) != string(fresh.buf) || used.headerFacts != fresh.headerFacts {
					t.Fatalf("seed %d: %q, want %q", seed, used.buf, fresh.buf)
				}
			}
			key := fmt.Sprint(used.version, len(used.lines))
			if b, ok := seen[key]; ok && b != string(used.buf) {
				t.Fatalf("seed %d: %q and %q have the same version", seed, b, used.buf)
			}
			seen[key] = string(used.buf)
			used.Reset()
		}
	}
}
