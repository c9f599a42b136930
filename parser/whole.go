package parser

// scanWhole records field lines, from the start of one, as long as they are
// whole in buf, within the limits, and right; and ends the section at an empty
// line. Whatever else it meets it leaves to scan, from the start of that line.
// A line is tried here only once, so that no byte is looked at more than twice.
//
// This is the loop that a server spends its parsing time in. It says nothing
// that scan does not say.
func (f *Fields) scanWhole(buf []byte, lineLimit, countLimit int) {
	i := f.pos
	for f.count < countLimit && f.count < inlineFields {
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
