package conn_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// simAnswers reads the server's bytes as a strict client would. It shares no
// code with the server, so that the two can't agree on a mistake.
type simAnswers struct {
	// method tells the method of request i, "" if it isn't known: the answer to
	// a refused request may or may not have content then.
	method func(i int) string
	// content is called for each piece of content of answer i.
	content func(a *simAnswer, piece []byte)

	buf   []byte // received and not read
	total int64  // bytes received
	all   []*simAnswer
	cur   *simAnswer // its head is read, its end is not
	stage answerStage
	left  int64 // of the content, or of the chunk
	err   error
}

type answerStage uint8

const (
	answerHead answerStage = iota
	answerLength
	answerChunkSize
	answerChunkData
	answerChunkEnd
	answerTrailer
	answerUntilClose
)

// simAnswer is one final answer.
type simAnswer struct {
	number       int
	status       int
	fields       map[string]string // names in lower case
	trailers     map[string]string
	length       int64 // declared; -1 if it is not
	got          int64 // content bytes so far
	closes       bool
	delimited    bool // by the end of the connection
	contentless  bool
	complete     bool
	end          int64 // offset in the stream, once complete
	continues    int   // how many 100 (Continue) came before
	informations int   // how many other informational answers came before
}

// feed takes the next bytes of the stream.
func (r *simAnswers) feed(b []byte) error {
	r.total += int64(len(b))
	r.buf = append(r.buf, b...)
	for r.err == nil {
		more, err := r.step()
		r.err = err
		if !more {
			break
		}
	}
	return r.err
}

func (r *simAnswers) consume(n int) { r.buf = r.buf[:copy(r.buf, r.buf[n:])] }

// finals is how many final answers have begun.
func (r *simAnswers) finals() int { return len(r.all) }

// completeAt is how many answers end within the first n bytes.
func (r *simAnswers) completeAt(n int64) int {
	k := 0
	for _, a := range r.all {
		if a.complete && a.end <= n {
			k++
		}
	}
	return k
}

// told reports whether a complete or incomplete answer has said close.
func (r *simAnswers) told() bool { return len(r.all) > 0 && r.all[len(r.all)-1].closes }

func (r *simAnswers) step() (more bool, err error) {
	if len(r.buf) == 0 {
		return false, nil
	}
	switch r.stage {
	case answerHead:
		return r.readHead()
	case answerLength, answerChunkData:
		n := int(min(int64(len(r.buf)), r.left))
		r.take(n)
		r.left -= int64(n)
		if r.left > 0 {
			return false, nil
		}
		if r.stage == answerLength {
			r.finish()
		} else {
			r.stage = answerChunkEnd
		}
		return true, nil
	case answerUntilClose:
		r.take(len(r.buf))
		return false, nil
	}
	line, ok, err := r.line()
	if !ok {
		return false, err
	}
	switch r.stage {
	case answerChunkSize:
		n, err := strconv.ParseUint(line, 16, 62)
		if err != nil || line == "" {
			return false, fmt.Errorf("bad chunk size %q", line)
		}
		r.left, r.stage = int64(n), answerChunkData
		if n == 0 {
			r.stage = answerTrailer
		}
	case answerChunkEnd:
		if line != "" {
			return false, fmt.Errorf("%q after a chunk", line)
		}
		r.stage = answerChunkSize
	case answerTrailer:
		if line == "" {
			r.finish()
			return true, nil
		}
		return true, addField(r.cur.trailers, line)
	}
	return true, nil
}

// line takes a line that ends with CRLF and holds no other CR or LF.
func (r *simAnswers) line() (line string, ok bool, err error) {
	i := bytes.IndexByte(r.buf, '\n')
	if i < 0 {
		return "", false, nil
	}
	if i == 0 || r.buf[i-1] != '\r' || bytes.IndexByte(r.buf[:i-1], '\r') >= 0 {
		return "", false, fmt.Errorf("bad line end in %q", r.buf[:i+1])
	}
	line = string(r.buf[:i-1])
	r.consume(i + 1)
	return line, true, nil
}

func (r *simAnswers) take(n int) {
	if n == 0 {
		return
	}
	r.cur.got += int64(n)
	if r.content != nil {
		r.content(r.cur, r.buf[:n])
	}
	r.consume(n)
}

func (r *simAnswers) finish() {
	r.cur.complete = true
	r.cur.end = r.total - int64(len(r.buf))
	r.cur, r.stage = nil, answerHead
}

func addField(to map[string]string, line string) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" || strings.ContainsAny(name, " \t\x00") || strings.ContainsRune(value, 0) {
		return fmt.Errorf("bad field line %q", line)
	}
	name = strings.ToLower(name)
	if _, twice := to[name]; twice {
		return fmt.Errorf("field %q twice", name)
	}
	to[name] = strings.Trim(value, " \t")
	return nil
}

// readHead reads a whole head and decides how its content ends (RFC 9112 §6.3).
func (r *simAnswers) readHead() (more bool, err error) {
	if n := len(r.all); n > 0 && r.all[n-1].closes {
		return false, fmt.Errorf("bytes after an answer that closes: %q", r.buf[:min(len(r.buf), 80)])
	}
	end := bytes.Index(r.buf, []byte("\r\n\r\n"))
	if end < 0 {
		return false, nil
	}
	lines := strings.Split(string(r.buf[:end]), "\r\n")
	r.consume(end + 4)
	status, err := statusOf(lines[0])
	if err != nil {
		return false, err
	}
	fields := map[string]string{}
	for _, l := range lines[1:] {
		if strings.ContainsAny(l, "\r\n") {
			return false, fmt.Errorf("bad line end in %q", l)
		}
		if err := addField(fields, l); err != nil {
			return false, err
		}
	}
	return r.begin(status, fields)
}

func statusOf(line string) (int, error) {
	if len(line) < 13 || line[:9] != "HTTP/1.1 " || line[12] != ' ' {
		return 0, fmt.Errorf("bad status line %q", line)
	}
	n, err := strconv.Atoi(line[9:12])
	if err != nil || n < 100 {
		return 0, fmt.Errorf("bad status line %q", line)
	}
	return n, nil
}

func (r *simAnswers) begin(status int, fields map[string]string) (more bool, err error) {
	if r.cur == nil {
		r.cur = &simAnswer{number: len(r.all), trailers: map[string]string{}, length: -1}
	}
	a := r.cur
	coding, chunked := fields["transfer-encoding"]
	length, declared := fields["content-length"]
	if status < 200 {
		if status == 101 || chunked || declared {
			return false, fmt.Errorf("bad informational answer %d %v", status, fields)
		}
		if status == 100 {
			a.continues++
		} else {
			a.informations++
		}
		return true, nil
	}
	a.status, a.fields = status, fields
	a.closes = fields["connection"] == "close"
	r.all = append(r.all, a)
	method := r.method(a.number)
	tunnel := method == "CONNECT" && status < 300
	if chunked && (declared || coding != "chunked" || status == 204 || tunnel) || declared && (status == 204 || tunnel) {
		return false, fmt.Errorf("bad framing of %d to %s: %v", status, method, fields)
	}
	if declared {
		n, err := strconv.ParseUint(length, 10, 62)
		if err != nil {
			return false, fmt.Errorf("bad Content-Length %q", length)
		}
		a.length = int64(n)
	}
	a.contentless = method == "HEAD" || status == 204 || status == 304 || tunnel
	switch {
	case a.contentless, declared && a.length == 0:
		r.finish()
	case chunked:
		r.stage = answerChunkSize
	case declared:
		r.left, r.stage = a.length, answerLength
	default:
		a.delimited = true
		if !a.closes {
			return false, fmt.Errorf("delimited by an end that is not announced: %v", fields)
		}
		r.stage = answerUntilClose
	}
	return true, nil
}
