package conformance

import (
	"io"
	"net"
	"strings"
	"testing"
)

// The suite passes when it sees nothing, so it must be seen to see: these
// servers are wrong, each in one way.
func TestSuiteSees(t *testing.T) {
	const request = "GET / HTTP/1.1\r\n\r\n"
	const date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	const answer = "HTTP/1.1 204 No Content\r\n" + date + "\r\n"
	want := []byte(strings.Replace(answer, date, "Date: DATE\r\n", 1))
	for _, c := range []struct {
		name, says, ending string
		reset              bool
		fault              string // a part of what is told; "" if nothing is wrong
	}{
		{"as wanted", answer, ends, false, ""},
		{"reset as wanted", answer, resets, true, ""},
		{"another byte", strings.Replace(answer, "204", "205", 1), ends, false, "from byte 0 on"},
		{"a date of another form", strings.Replace(answer, "06 Nov", "6 Nov", 1), ends, false, "from byte 25 on"},
		{"less", answer[:len(answer)-2], ends, false, "(ends)"},
		{"more", answer + "x", ends, false, "more came than is wanted"},
		{"nothing", "", ends, false, "(ends)"},
		{"a reset", answer, ends, true, `so: "resets"`},
		{"an end", answer, resets, false, `so: "ends"`},
		{"not open", answer, open, false, "to be open"},
		{"not waiting", answer, waits, false, "nothing is to come"},
		{"not silent", answer + "x", waits, false, "nothing is to come"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			go func() {
				s, err := ln.Accept()
				if err != nil {
					return
				}
				_, _ = io.ReadFull(s, make([]byte, len(request)))
				_, _ = io.WriteString(s, c.says)
				if c.reset {
					_ = s.(*net.TCPConn).SetLinger(0)
				}
				_ = s.Close()
			}()
			conn, err := dialTCP(ln.Addr().String())()
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			p := &peer{connection: conn}
			err = p.plays(&testCase{steps: []step{{kind: "<", data: []byte(request), want: want, ending: c.ending}}})
			if (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
				t.Errorf("it tells %v", err)
			}
		})
	}
}

func TestEscape(t *testing.T) {
	for _, s := range []string{"", "GET / HTTP/1.1\r\n", "\x00\xff\\\t\"", strings.Repeat("a", 39), "b" + strings.Repeat("\r\n", 3) + strings.Repeat("x", 4000) + "c", string(pattern(1000)) + "HTTP"} {
		if got, err := unescape(escape([]byte(s))); err != nil || string(got) != s {
			t.Errorf("%.60q became %.60q, %v", s, got, err)
		}
	}
}
