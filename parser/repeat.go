package parser

// This file is how a section that is the same as the one before, byte by byte,
// is taken without being read: clients that pipeline send one with each request.

// repeatBytes bounds the sections that are remembered.
const repeatBytes = 1 << 10

// before is the section of an earlier head.
type before struct {
	section []byte // a copy of it, with the empty line; what it was read from is the peer's, or a handler's
	held    bool   // section is that of the head which Fields has
	aside   bool   // section's lines are still in Fields, which seems to be empty
	taken   bool   // the section of the head which Fields has was taken by takeUp
	count   int    // of Fields, while it is put aside
	seen    uint32 // as well
}

// Remember says that the next head, after Reset, may well have the same section
// as the one that r has, which is complete: it is then taken without being read
// again. Nobody must have written to the bytes of the head yet, and the next head
// is to have the same Limits. Sections of more than 1 KB, or of more than 64
// lines, are not remembered.
func (r *Request) Remember() {
	b, f := &r.before, &r.Fields
	if b.held = b.taken; b.held || f.pos > repeatBytes || f.count > inlineFields {
		return
	}
	b.section = append(b.section[:0], f.view(0, uint32(f.pos))...)
	b.held = true
}

// Repeated reports that the section was taken since it is the one that was
// remembered.
func (r *Request) Repeated() bool { return r.before.taken }

// Forget drops what was remembered. It is for whoever is about to Reset r for another peer.
func (r *Request) Forget() {
	b := &r.before
	if b.aside {
		r.Fields.reset()
	}
	b.held, b.aside = false, false
}

// putAside makes f empty and keeps its lines. It reports false if they are not
// those of the section that is remembered.
func (b *before) putAside(f *Fields) bool {
	b.taken = false
	if b.held {
		b.held, b.aside = false, true
		b.count, b.seen = f.count, f.seen
	}
	if b.aside {
		f.buf, f.count, f.seen = nil, 0, 0
	}
	return b.aside
}

// takeUp gives f its lines back if buf begins with the section that they are of.
// Otherwise f is ready to read another.
func (b *before) takeUp(f *Fields, buf []byte) bool {
	b.aside = false
	n := len(b.section)
	if len(buf) < n || string(buf[:n]) != string(b.section) {
		f.restart()
		return false
	}
	f.count, f.seen = b.count, b.seen
	b.taken = true
	return true
}
