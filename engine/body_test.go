package engine_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/pollard-go/pollard/conn"
	"github.com/pollard-go/pollard/engine"
)

// TestReadAll: in one piece, gathered, chunked, empty, too large.
func TestReadAll(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Limits.WholeBody = 300_000
		c := serve(t, o, func(w *engine.Response, r *engine.Request) {
			b, err := r.ReadAll()
			if err != nil {
				_ = w.SetStatus(413)
				_, _ = w.WriteString(err.Error())
				return
			}
			_, _ = fmt.Fprintf(w, "%d %d %x", r.ContentLength(), len(b), sha256.Sum256(b))
		})
		p := c.dial()
		for _, n := range []int{0, 1, 1000, 16 << 10, 64 << 10, 200_000, 300_000} {
			b := bytes.Repeat([]byte("0123456789abc"), n/13+1)[:n]
			p.send("%s%s", post("/", n), b)
			p.wants(200, fmt.Sprintf("%d %d %x", n, n, sha256.Sum256(b)))
			p.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
			for rest := b; len(rest) > 0; {
				k := min(len(rest), 7001)
				p.send("%x\r\n%s\r\n", k, rest[:k])
				rest = rest[k:]
			}
			p.send("0\r\n\r\n")
			p.wants(200, fmt.Sprintf("-1 %d %x", n, sha256.Sum256(b)))
		}
		p.send("%s", post("/", 300_001))
		p.wants(413, engine.ErrBodyTooLarge.Error())
		p = c.dial()
		p.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", 300_001, strings.Repeat("x", 300_001))
		p.wants(413, engine.ErrBodyTooLarge.Error())
	})
}

// TestStreamThrough: a long body goes through a handler unchanged, while it comes.
func TestStreamThrough(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		length := 10 << 20
		if o.Dispatch.Mode == engine.ModePooled {
			length = scale(10, 100, 100) << 20
		}
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/length" {
				_ = w.SetContentLength(r.ContentLength())
			}
			if n, err := r.Body().WriteTo(w); err != nil || n != int64(length) {
				t.Errorf("%d bytes, %v", n, err)
			}
		})
		before := heap()
		for _, target := range []string{"/length", "/chunked"} {
			c := f.dial()
			sent := sha256.New()
			go func() {
				_, _ = io.WriteString(c, post(target, length))
				block := make([]byte, 1<<16)
				for i := 0; i < length; i += len(block) {
					block[0], block[1], block[2] = byte(i>>16), byte(i>>24), 7
					sent.Write(block)
					if _, err := c.Write(block); err != nil {
						return
					}
				}
			}()
			a := streamed(c)
			if a.err != nil || a.n != int64(length) || !bytes.Equal(a.sum, sent.Sum(nil)) {
				t.Fatalf("%s: %d bytes, %v", target, a.n, a.err)
			}
			_ = c.Close()
		}
		if grown := heap() - before; grown > 8<<20 {
			t.Errorf("grown by %d KB", grown>>10)
		}
	})
}

type stream struct {
	n   int64
	sum []byte
	err error
}

// streamed reads an answer without keeping it.
func streamed(c *client) (s stream) {
	h := sha256.New()
	resp, err := readResponse(c)
	if err != nil {
		return stream{err: err}
	}
	s.n, s.err = io.Copy(h, resp.Body)
	s.sum = h.Sum(nil)
	return s
}

// TestExpectContinue: the peer is told to go on when the handler asks for the
// body, and not if it does not.
func TestExpectContinue(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			if string(r.Path()) == "/refuse" {
				_ = w.SetStatus(403)
				return
			}
			time.Sleep(5 * time.Millisecond)
			b, err := r.ReadAll()
			_, _ = fmt.Fprintf(w, "%s %v", b, err)
		})
		const head = "POST %s HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
		const goOn = "HTTP/1.1 100 Continue\r\n\r\n"
		c := f.dial()
		for range 2 {
			c.send(head, "/")
			got := make([]byte, len(goOn))
			if _, err := io.ReadFull(c.r, got); err != nil || string(got) != goOn {
				t.Fatalf("%q, %v", got, err)
			}
			c.send("abc")
			c.wants(200, "abc <nil>")
		}
		c.send(head+"abc", "/") // it does not wait
		c.wants(200, "abc <nil>")
		c.send(head, "/refuse")
		if a := c.wants(403, ""); !a.Close {
			t.Error("whether the content comes can't be known, but the connection goes on")
		}
		c.ended()
	})
}

// TestBodyErrors: what a handler is told about a peer that fails.
func TestBodyErrors(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		o.Limits.BodyBytes = 100
		errs, entered := make(chan error, 1), make(chan struct{}, 1)
		handler := func(w *engine.Response, r *engine.Request) {
			entered <- struct{}{}
			p := make([]byte, 10)
			var err error
			for err == nil {
				_, err = r.Body().Read(p)
			}
			if n, again := r.Body().Read(p); n != 0 || !errors.Is(again, err) {
				t.Errorf("after %v: %d, %v", err, n, again)
			}
			errs <- err
			var pe *conn.PeerError
			if errors.As(err, &pe) {
				_ = w.SetStatus(pe.Status)
			}
		}
		const chunked = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		for name, c := range map[string]struct {
			send   string
			end    func(*client)
			want   error
			status string
		}{
			"whole":     {post("/", 3) + "abc", nil, io.EOF, "200"},
			"cut":       {post("/", 3) + "ab", (*client).closeWrite, engine.ErrBodyCut, "400"},
			"timeout":   {post("/", 3) + "ab", nil, engine.ErrBodyTimeout, "408"},
			"too large": {chunked + "65\r\n" + strings.Repeat("x", 101), nil, engine.ErrBodyTooLarge, "413"},
			"reset":     {post("/", 3) + "ab", (*client).reset, engine.ErrClosed, ""},
			"bad chunk": {chunked + "1\r\nab", nil, nil, "400"},
		} {
			t.Run(name, func(t *testing.T) {
				o := o
				if c.want == engine.ErrBodyTimeout {
					o.Timeouts.Body = 60 * time.Millisecond
				}
				p := serve(t, o, handler).dial()
				p.send("%s", c.send)
				<-entered
				if c.end != nil {
					c.end(p)
				}
				err := <-errs
				var pe *conn.PeerError
				if c.want != nil && !errors.Is(err, c.want) || c.want == nil && !errors.As(err, &pe) {
					t.Error(err)
				}
				if c.status != "" {
					if a := p.answer(); fmt.Sprint(a.StatusCode) != c.status {
						t.Error(a.Status)
					}
				}
			})
		}
	})
}

// TestTrailerOfAShortAnswer: it is not dropped for want of a Flush.
func TestTrailerOfAShortAnswer(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		c := serve(t, o, func(w *engine.Response, _ *engine.Request) {
			_, _ = w.WriteString("short")
			check(t, w.SetTrailer("X-Sum", "12"))
		}).dial()
		for range 2 {
			c.get("/")
			if a := c.wants(200, "short"); a.Trailer.Get("X-Sum") != "12" {
				t.Errorf("trailer %v", a.Trailer)
			}
		}
	})
}

// TestTrailers both ways.
func TestTrailers(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		c := serve(t, o, func(w *engine.Response, r *engine.Request) {
			for range r.Trailer() {
				t.Error("a trailer field before the body's end")
			}
			b, err := r.ReadAll()
			if err != nil {
				t.Error(err)
			}
			_ = w.SetHeader("Trailer", "X-Sum")
			_, _ = w.Write(b)
			_ = w.Flush()
			for name, value := range r.Trailer() {
				_ = w.SetTrailer(string(name), string(value)+"!")
			}
			if err := w.SetTrailer("Content-Length", "1"); !errors.Is(err, conn.ErrTrailerField) {
				t.Errorf("SetTrailer: %v", err)
			}
		}).dial()
		c.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 12\r\n\r\n")
		if a := c.wants(200, "abc"); a.Trailer.Get("X-Sum") != "12!" {
			t.Errorf("trailer %v", a.Trailer)
		}
	})
}
