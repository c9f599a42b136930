package routes

import (
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// Errors of the Response are not looked at: they say that the peer has gone, or
// report the misuse that a behaviour is there to show.

func set(w *engine.Response, name, value string) { _ = w.SetHeader(name, value) }

func text(w *engine.Response, s string) {
	set(w, "Content-Type", "text/plain")
	_, _ = w.WriteString(s)
}

func fail(w *engine.Response, status int, why string) {
	_ = w.SetStatus(status)
	text(w, why+"\n")
}

func hello(w *engine.Response, _ *engine.Request) { text(w, "Hello, World!") }

func chunked(w *engine.Response, r *engine.Request) {
	if pause, ok := milliseconds(w, r, optional); ok {
		inPieces(w, pause)
	}
}

func trailer(w *engine.Response, r *engine.Request) {
	pause, ok := milliseconds(w, r, optional)
	if !ok {
		return
	}
	if !r.HTTP10() { // which has no chunked framing, and so no trailer section
		set(w, "Trailer", "X-Sum")
		_ = w.SetTrailer("X-Sum", "abc")
	}
	inPieces(w, pause)
}

func inPieces(w *engine.Response, pause time.Duration) {
	set(w, "Content-Type", "text/plain")
	for i, s := range []string{"one", "two", "three"} {
		if i > 0 {
			time.Sleep(pause)
		}
		_, _ = w.WriteString(s)
		_ = w.Flush()
	}
}

func sleep(w *engine.Response, r *engine.Request) {
	pause, ok := milliseconds(w, r, required)
	if !ok {
		return
	}
	time.Sleep(pause)
	text(w, "slept "+strconv.FormatInt(pause.Milliseconds(), 10))
}

// pattern is a piece of /big. Its length is a multiple of 256, so that each
// piece goes on where the last one ended.
var pattern = func() (p [pieceBytes]byte) {
	for i := range p {
		p[i] = byte(i)
	}
	return p
}()

func big(w *engine.Response, r *engine.Request) {
	const mostBytes = 1 << 40
	n, ok := number(w, r, "n", required, mostBytes)
	if !ok {
		return
	}
	set(w, "Content-Type", "application/octet-stream")
	_ = w.SetContentLength(n)
	if string(r.Method()) == "HEAD" {
		return
	}
	for n > 0 {
		k, err := w.Write(pattern[:min(n, pieceBytes)])
		if err != nil {
			return
		}
		n -= int64(k)
	}
}

func seq(w *engine.Response, r *engine.Request) {
	const most = 1<<63 - 1
	i, ok := number(w, r, "i", required, most)
	if !ok {
		return
	}
	time.Sleep(rand.N(5 * time.Millisecond))
	text(w, strconv.FormatInt(i, 10))
}

func status204(w *engine.Response, _ *engine.Request) { _ = w.SetStatus(204) }

func status304(w *engine.Response, _ *engine.Request) { _ = w.SetStatus(304) }

func status204Body(w *engine.Response, _ *engine.Request) {
	_ = w.SetStatus(204)
	_, _ = w.WriteString("oops")
}

func early(w *engine.Response, _ *engine.Request) {
	_ = w.Informational(103, engine.Field{Name: "Link", Value: "</a.css>; rel=preload"})
	text(w, "early")
}

func inject(w *engine.Response, _ *engine.Request) {
	set(w, "X-Value", "a\r\nX-Injected: yes\r\n\r\nHTTP/1.1 200 OK")
	text(w, "injected")
}

func lengthOver(w *engine.Response, _ *engine.Request) {
	_ = w.SetContentLength(3)
	text(w, "abcdef")
}

func lengthShort(w *engine.Response, _ *engine.Request) {
	_ = w.SetContentLength(10)
	text(w, "abc")
}

func status(w *engine.Response, r *engine.Request) {
	const most = 999
	code, ok := number(w, r, "code", required, most)
	if !ok {
		return
	}
	if err := w.SetStatus(int(code)); err != nil {
		fail(w, 400, "no status for an answer")
		return
	}
	text(w, "status "+strconv.FormatInt(code, 10))
}

func closes(w *engine.Response, _ *engine.Request) {
	set(w, "Connection", "close")
	text(w, "closes")
}

func upgradeRequired(w *engine.Response, _ *engine.Request) {
	_ = w.SetStatus(426)
	set(w, "Upgrade", "example/2") // RFC 9110 §15.5.22: a 426 must name what is required
	text(w, "upgrade")
}

func abort(w *engine.Response, _ *engine.Request) {
	text(w, "abc")
	_ = w.Flush()
	panic(engine.ErrAbort)
}

func panics(*engine.Response, *engine.Request) { panic("probe: /panic") }
