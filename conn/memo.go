package conn

import (
	"bytes"

	"github.com/pollard-go/pollard/parser"
)

// headMemo is the head of an earlier answer, to be sent again as long as nothing
// that it depends on has changed: most handlers give answers of one kind one
// after the other, and a copy costs a third of making the head.
//
// It holds only heads that say nothing of the connection and whose content has a
// length: what they depend on is then the key and the Date.
type headMemo struct {
	key  headKey
	text []byte // the whole head; empty if the key has come but once
	date []byte // the Date field's value in it
}

// headKey is what a head depends on, but for the time.
type headKey struct {
	version uint64 // of the fields, with the number of lines
	length  int64
	lines   int32
	status  int32
}

// memoBytes bounds the heads that are kept.
const memoBytes = 1 << 10

// memorable tells whether the head of an answer that has so many bytes of
// content, or is declared to, may be one that is kept.
func (c *Conn) memorable(length int64) bool {
	r := &c.x.resp
	return length >= 0 && !c.final && !r.http10 && !c.cfg.KeepAliveField &&
		!r.Header.dated && !r.Header.upgrades && r.verb != parser.VerbHead && r.verb != parser.VerbConnect
}

// key returns what the head to be committed depends on.
func (r *response) key(length int64) headKey {
	return headKey{r.Header.version, length, int32(len(r.Header.lines)), int32(r.status)}
}

// holds tells whether the head kept is the one for key and date.
func (m *headMemo) holds(key headKey, date []byte) bool {
	return m.key == key && len(m.text) > 0 && bytes.Equal(m.date, date)
}

// keep remembers a head, if its key comes for the second time.
func (m *headMemo) keep(key headKey, date, text []byte) {
	if m.key != key || len(text) > memoBytes {
		m.key, m.text = key, m.text[:0]
		return
	}
	m.date = append(m.date[:0], date...)
	m.text = append(m.text[:0], text...)
}

// forget gives up the memory.
func (m *headMemo) forget() { *m = headMemo{} }
