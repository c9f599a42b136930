package routes

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pollard-go/pollard/engine"
)

const (
	// EchoBytes is what Limits.WholeBody should be: the most that /echo gathers.
	// Its answer names the length before the content, so it can't begin before it
	// has all.
	EchoBytes = 64 << 20

	pieceBytes = 64 << 10
)

func echo(w *engine.Response, r *engine.Request) {
	body, err := r.ReadAll()
	if err != nil {
		unreadable(w, err)
		return
	}
	set(w, "Content-Type", "application/octet-stream")
	set(w, "X-Method", string(r.Method()))
	set(w, "X-Body-Length", strconv.Itoa(len(body)))
	_ = w.SetContentLength(int64(len(body)))
	_, _ = w.Write(body)
}

// unreadable answers a request whose body can't be had: nothing that follows on
// the connection could be told apart from it.
func unreadable(w *engine.Response, err error) {
	set(w, "Connection", "close")
	switch {
	case errors.Is(err, engine.ErrBodyTooLarge):
		fail(w, 413, err.Error())
	case errors.Is(err, engine.ErrBodyTimeout):
		fail(w, 408, err.Error())
	default:
		fail(w, 400, err.Error())
	}
}

// limited refuses a body above ?n= bytes.
func limited(w *engine.Response, r *engine.Request) {
	const mostBytes = 1 << 40
	n, ok := number(w, r, "n", required, mostBytes)
	if !ok {
		return
	}
	r.LimitBody(n)
	echo(w, r)
}

// begun has answered, but for the last line, before it reads.
func begun(w *engine.Response, r *engine.Request) {
	set(w, "Content-Type", "text/plain")
	_, _ = w.WriteString("begun\n")
	_ = w.Flush()
	n, err := io.Copy(io.Discard, r.Body())
	if err != nil {
		panic(engine.ErrAbort) // whoever reads is not to take it for whole
	}
	_, _ = w.WriteString("read " + strconv.FormatInt(n, 10) + "\n")
}

// trailers shows the trailer section, a field a line. RFC 9110 §6.5.1: the
// fields are kept apart from those of the head.
func trailers(w *engine.Response, r *engine.Request) {
	if _, err := r.ReadAll(); err != nil {
		unreadable(w, err)
		return
	}
	var b strings.Builder
	for name, value := range r.Trailer() {
		b.WriteString(string(name) + ": " + string(value) + "\n")
	}
	text(w, b.String())
}

func target(w *engine.Response, r *engine.Request) {
	text(w, "host "+string(r.Host())+"\npath "+string(r.Path())+"\nquery "+string(r.Query())+"\n")
}

func ignoreBody(w *engine.Response, _ *engine.Request) { text(w, "ignored") }

var pieces = sync.Pool{New: func() any { b := make([]byte, pieceBytes); return &b }}

func drain(w *engine.Response, r *engine.Request) {
	pause, ok := milliseconds(w, r, optional)
	if !ok {
		return
	}
	piece := pieces.Get().(*[]byte)
	defer pieces.Put(piece)
	total := 0
	for {
		n, err := io.ReadFull(r.Body(), *piece)
		total += n
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			text(w, "drained "+strconv.Itoa(total))
			return
		}
		if err != nil {
			unreadable(w, err)
			return
		}
		time.Sleep(pause)
	}
}

// headers keeps the order in which names first came, which a map would lose.
func headers(w *engine.Response, r *engine.Request) {
	var names []string
	values := make(map[string][]string)
	for name, value := range r.Fields() {
		n := strings.ToLower(string(name))
		if _, seen := values[n]; !seen {
			names = append(names, n)
		}
		values[n] = append(values[n], string(value))
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for i, n := range names {
		b.WriteString(map[bool]string{true: "{", false: ","}[i == 0])
		_ = enc.Encode(n) // strings always encode
		b.Truncate(b.Len() - 1)
		b.WriteByte(':')
		_ = enc.Encode(values[n])
		b.Truncate(b.Len() - 1)
	}
	if len(names) == 0 { // only HTTP/1.0 requests may have no field
		b.WriteByte('{')
	}
	b.WriteByte('}')
	set(w, "Content-Type", "application/json")
	_, _ = w.Write(b.Bytes())
}

// presence says whether a query parameter may be missing; it is then 0.
type presence bool

const (
	optional presence = false
	required presence = true
)

// number reads a query parameter from 0 to most. Without a good one it answers
// with 400 and reports false.
func number(w *engine.Response, r *engine.Request, name string, p presence, most int64) (int64, bool) {
	s, given := r.QueryValue(name)
	if p == optional && !given && !bytes.Contains(r.Query(), []byte(name+"=")) {
		return 0, true // not there, as opposed to there and broken
	}
	n, err := strconv.ParseUint(s, 10, 63) // which takes no sign
	if err != nil || int64(n) > most {
		fail(w, 400, "query: "+name+" must be a decimal number up to "+strconv.FormatInt(most, 10))
		return 0, false
	}
	return int64(n), true
}

func milliseconds(w *engine.Response, r *engine.Request, p presence) (time.Duration, bool) {
	const mostMS = 3_600_000 // an hour
	n, ok := number(w, r, "ms", p, mostMS)
	return time.Duration(n) * time.Millisecond, ok
}
