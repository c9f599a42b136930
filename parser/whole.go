package parser

import "bytes"

// This file is what a server spends its parsing time in. It takes lines that
// are whole in the buffer, within the limits, ordinary and right; whatever else
// it meets it leaves, from the start of that line, to the code that resumes and
// that judges. A line is tried here only once, so that pieces cost no more than
// one scan in vain for each line. Nothing is decided here that is not decided
// there.

// scanWholeLine takes a request line with an origin-form target.
func (r *Request) scanWholeLine(buf []byte, limit int) {
	const (
		shortest   = len("GET / HTTP/1.1\r\n") // worth a try
		versionLen = len(" HTTP/1.1\r\n")
	)
	line := buf[r.pos:]
	if len(line) < shortest {
		return
	}
	sp, verb := len("GET"), VerbGet
	if string(line[:sp+1]) != "GET " { // nearly all are
		sp = scanToken(line, 0)
		verb = verbOf(line[:sp])
		if sp == 0 || sp+1 >= len(line) || line[sp] != ' ' || verb == VerbConnect {
			return
		}
	}
	start := sp + 1
	if line[start] != '/' {
		return
	}
	end := scanVisible(line, start)
	if len(line)-end < versionLen || end+versionLen-2 > limit {
		return
	}
	version := line[end : end+versionLen]
	minor := version[8] - '0'
	if string(version[:8]) != " HTTP/1." || minor > 1 || string(version[9:]) != "\r\n" {
		return
	}
	query := end
	if end > start+1 {
		raw := line[start+1 : end]
		if bytes.IndexByte(raw, '#') >= 0 {
			return
		}
		if i := bytes.IndexByte(raw, '?'); i >= 0 {
			query = start + 1 + i
		}
	}
	at := uint32(r.pos)
	path := at + uint32(start)
	r.method, r.sp, r.verb, r.minor = at, at+uint32(sp), verb, minor
	r.target = target{start: path, authority: path, path: path, query: at + uint32(query), end: at + uint32(end)}
	r.pos += end + versionLen
	r.stage = stageFields
}

// scanWhole takes field lines, from the start of one, and the empty line behind
// them.
func (f *Fields) scanWhole(buf []byte, lineLimit, countLimit int) {
	i := f.pos
	for f.count < countLimit && f.count < inlineFields {
		if i+1 < len(buf) && buf[i] == '\r' && buf[i+1] == '\n' {
			f.pos = i + 2
			f.phase = phaseEnded
			return
		}
		line := i
		colon := scanToken(buf, i)
		if colon == line || colon >= len(buf) || buf[colon] != ':' {
			return
		}
		value := colon + 1
		for value < len(buf) && isOWS(buf[value]) {
			value++
		}
		i = scanValue(buf, value)
		if i+1 >= len(buf) || buf[i] != '\r' || buf[i+1] != '\n' || i-line > lineLimit {
			return
		}
		end := i
		for end > value && isOWS(buf[end-1]) {
			end--
		}
		f.inline[f.count] = span{uint32(line), uint32(colon), uint32(value), uint32(end)}
		if k := recognise(buf, line, colon); k < numKnown {
			f.note(k)
		}
		f.count++
		i += 2
		f.pos = i
	}
}
