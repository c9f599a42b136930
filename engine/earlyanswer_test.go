package engine_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// early is a request that is refused before it has come whole. Its client sends
// all of it, and reads only then.
type early struct {
	name   string
	head   string
	rest   int // bytes behind it
	status string
	set    func(o *engine.Options)
}

// refuses answers with 413 to more than 1 KB.
func refuses(w *engine.Response, r *engine.Request) {
	r.LimitBody(1 << 10)
	if _, err := r.ReadAll(); err != nil {
		_ = w.SetStatus(413)
		_, _ = w.WriteString("too large")
		return
	}
	hello(w, r)
}

func earlyAnswers(upload, head int) []early {
	chunked := "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n", upload)
	return []early{
		{"Request.LimitBody", post("/", upload), upload, "413", func(*engine.Options) {}},
		{"Request.LimitBody, chunked", chunked, upload, "413", func(*engine.Options) {}},
		{"Limits.BodyBytes", post("/", upload), upload, "413", func(o *engine.Options) { o.Limits.BodyBytes = 1 << 10 }},
		{"Limits.FieldLine", "GET / HTTP/1.1\r\nHost: a\r\nX: ", head, "431", func(*engine.Options) {}},
	}
}

// TestEarlyAnswers: RFC 9112 §9.6: "If a server performs an immediate close of a
// TCP connection, there is a significant risk that the client will not be able
// to read the last HTTP response." Everybody reads the whole answer.
func TestEarlyAnswers(t *testing.T) {
	n := scale(8, 40, 1000)
	for _, e := range earlyAnswers(10<<20, 1<<20) {
		t.Run(e.name, func(t *testing.T) {
			inModes(t, func(t *testing.T, o engine.Options) {
				e.set(&o)
				f := serve(t, o, refuses)
				failed := each(n, 50, func(int) error { return e.sendThenRead("tcp", f.addr) })
				for _, err := range failed[:min(len(failed), 5)] {
					t.Error(err)
				}
				t.Logf("%d of %d read the whole answer", n-len(failed), n)
				f.booksAgree(0)
			})
		})
	}
}

// sendThenRead returns an error unless the whole answer can be read after
// everything has been sent.
func (e early) sendThenRead(network, addr string) error {
	c, err := net.DialTimeout(network, addr, patience)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(6 * patience))
	if _, err := io.WriteString(c, e.head); err != nil {
		return err
	}
	piece := []byte(strings.Repeat("x", 256<<10))
	for sent := 0; sent < e.rest; sent += len(piece) {
		if _, err := c.Write(piece[:min(len(piece), e.rest-sent)]); err != nil {
			return fmt.Errorf("after %d bytes: %w", sent, err)
		}
	}
	b, err := io.ReadAll(c)
	if err != nil {
		return fmt.Errorf("answer %.60q: %w", b, err)
	}
	return e.whole(string(b))
}

// whole checks that an answer is there to its last byte.
func (e early) whole(answer string) error {
	head, content, found := strings.Cut(answer, "\r\n\r\n")
	length := fmt.Sprintf("\r\nContent-Length: %d\r\n", len(content))
	if !found || !strings.HasPrefix(head, "HTTP/1.1 "+e.status+" ") || content == "" || !strings.Contains(head+"\r\n", length) || !strings.Contains(head, "\r\nConnection: close") {
		return fmt.Errorf("answer %q", answer)
	}
	return nil
}

// TestHalfCloseAnswered: a client that ends its side after its request is
// answered, however long its handler takes.
func TestHalfCloseAnswered(t *testing.T) {
	n := scale(50, 200, 1000)
	for _, mode := range loopsFree {
		t.Run(mode.String(), func(t *testing.T) {
			f := serve(t, engine.Options{Dispatch: engine.DispatchOptions{Mode: mode}}, func(w *engine.Response, r *engine.Request) {
				time.Sleep(200 * time.Millisecond)
				hello(w, r)
			})
			failed := each(n, n, func(int) error { return halfCloseThenRead(f.addr) })
			for _, err := range failed[:min(len(failed), 5)] {
				t.Error(err)
			}
			t.Logf("%d of %d were answered", n-len(failed), n)
		})
	}
}

func halfCloseThenRead(addr string) error {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(2 * patience))
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		return err
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	b, err := io.ReadAll(c)
	if s := string(b); err == nil && (!strings.HasPrefix(s, "HTTP/1.1 200 OK\r\n") || !strings.HasSuffix(s, "\r\n\r\nhello")) {
		err = fmt.Errorf("answer %q", s)
	}
	return err
}

// The same for a body that is thrown away, by whomever, behind an answer that is
// more than the kernel holds: it is read while that waits.
func TestDiscardsWhileAnswerWaits(t *testing.T) {
	const upload, length = 250_000, 40 << 20
	path, _ := fileOf(t, 1<<10)
	if err := os.Truncate(path, length); err != nil {
		t.Fatal(err)
	}
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Listen.ReceiveBuffer, o.Listen.SendBuffer = 32<<10, 32<<10
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/file" {
				check(t, w.SendFile(open(t, path), 0, -1))
				return
			}
			r.LimitBody(upload - 1)
			_ = w.SetStatus(413)
			_, _ = w.Write(make([]byte, length)) // the peer goes before its end
		})
		for _, target := range []string{"/file", "/broken"} {
			c := f.dial()
			if err := c.Conn.(*net.TCPConn).SetWriteBuffer(16 << 10); err != nil {
				t.Fatal(err)
			}
			c.send("%s%s", post(target, upload), strings.Repeat("x", upload))
			resp, err := readResponse(c)
			if err != nil || resp.Close == (target == "/file") {
				t.Fatal(target, resp, err)
			}
			c.reset() // the rest would tell no more
		}
	})
}
