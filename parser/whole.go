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
	const versionLen = len(" HTTP/1.1\r\n")
	line := r.pos
	sp, verb := line+len("GET"), VerbGet
	if len(buf) < sp || string(buf[line:sp]) != "GET" { // nearly all are
		sp = scanToken(buf, line)
		verb = verbOf(buf[line:sp])
	}
	if sp == line || sp+1 >= len(buf) || buf[sp] != ' ' || buf[sp+1] != '/' {
		return
	}
	start := sp + 1
	end := scanVisible(buf, start)
	if len(buf)-end < versionLen || end+versionLen-2-line > limit || verb == VerbConnect {
		return
	}
	version := buf[end : end+versionLen]
	minor := version[8] - '0'
	if string(version[:8]) != " HTTP/1." || minor > 1 || version[9] != '\r' || version[10] != '\n' {
		return
	}
	query := end
	if raw := buf[start+1 : end]; len(raw) > 0 {
		if bytes.IndexByte(raw, '#') >= 0 {
			return
		}
		if i := bytes.IndexByte(raw, '?'); i >= 0 {
			query = start + 1 + i
		}
	}
	r.method, r.sp, r.verb, r.minor = uint32(line), uint32(sp), verb, minor
	r.target = target{start: uint32(start), authority: uint32(start), path: uint32(start), query: uint32(query), end: uint32(end)}
	r.pos = end + versionLen
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
