package main

import (
	"io"
	"strconv"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// accessLog writes a line for each request that next has answered:
//
//	2026-01-02T15:04:05.000Z 127.0.0.1:40312 GET "/a%20file" 200 1234 0.210ms
//
// which is the time, the peer, method and target, the status, the bytes of
// content, and how long the handler took: the kernel may go on sending a long
// file afterwards. out gets each line in one Write, from many goroutines.
type accessLog struct {
	next engine.Handler
	out  io.Writer
}

// ServeHTTP answers and logs.
func (a *accessLog) ServeHTTP(w *engine.Response, r *engine.Request) {
	start := time.Now()
	a.next.ServeHTTP(w, r)
	took := time.Since(start)

	var space [256]byte
	line := start.UTC().AppendFormat(space[:0], "2006-01-02T15:04:05.000Z")
	line = append(line, ' ')
	line = r.RemoteAddr().AppendTo(line)
	line = append(line, ' ')
	line = append(line, r.Method()...) // a token: it can't break the line
	line = append(line, ' ')
	line = strconv.AppendQuoteToASCII(line, string(r.Target()))
	line = append(line, ' ')
	line = strconv.AppendInt(line, int64(w.Status()), 10)
	line = append(line, ' ')
	content := w.Written()
	if string(r.Method()) == "HEAD" {
		content = 0 // counted for Content-Length and not sent
	}
	line = strconv.AppendInt(line, content, 10)
	line = append(line, ' ')
	line = strconv.AppendFloat(line, float64(took)/float64(time.Millisecond), 'f', 3, 64)
	line = append(line, "ms\n"...)
	_, _ = a.out.Write(line) // a log that can't be written stops no server
}
