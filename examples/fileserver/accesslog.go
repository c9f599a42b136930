package main

import (
	"io"
	"strconv"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// accessLog is a hook (engine.Hooks.RequestDone) that writes a line for each
// request that has been answered:
//
//	2026-01-02T15:04:05.000Z 127.0.0.1:40312 GET "/a%20file" 200 1234 0.210ms
//
// which is the time that the handler was called, the peer, method and target,
// the status, the bytes of content, and how long the handler took: the kernel may
// go on sending a long file afterwards. out gets each line in one Write, from many
// goroutines. The hook runs as a part of the handler, so that writing to a slow
// terminal holds up nobody else.
func accessLog(out io.Writer) func(engine.RequestRecord) {
	return func(r engine.RequestRecord) {
		var space [256]byte
		line := time.Now().Add(-r.Took).UTC().AppendFormat(space[:0], "2006-01-02T15:04:05.000Z")
		line = append(line, ' ')
		line = r.Conn.RemoteAddr().AppendTo(line)
		line = append(line, ' ')
		line = append(line, r.Method...) // a token: it can't break the line
		line = append(line, ' ')
		line = strconv.AppendQuoteToASCII(line, string(r.Target))
		line = append(line, ' ')
		line = strconv.AppendInt(line, int64(r.Status), 10)
		line = append(line, ' ')
		line = strconv.AppendInt(line, r.Content, 10)
		line = append(line, ' ')
		line = strconv.AppendFloat(line, float64(r.Took)/float64(time.Millisecond), 'f', 3, 64)
		line = append(line, "ms\n"...)
		_, _ = out.Write(line) // a log that can't be written stops no server
	}
}
