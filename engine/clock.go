package engine

import (
	"sync/atomic"
	"time"
)

// clock is the server's only view of time. Connections count from its epoch.
type clock struct {
	epoch time.Time
	date  atomic.Pointer[date]
}

// date is a Date field's value and how long it is true.
type date struct {
	at    time.Time // in whole seconds
	text  []byte    // RFC 9110 §5.6.7, IMF-fixdate
	until time.Duration
}

func (c *clock) start() {
	c.epoch = time.Now()
	c.refresh()
}

// now returns the time since the epoch, and has the Date be that of now.
func (c *clock) now() time.Duration {
	now := time.Since(c.epoch)
	if now >= c.date.Load().until {
		c.refresh()
	}
	return now
}

// refresh makes the Date of this second. Loops that do it at the same time make
// the same one.
func (c *clock) refresh() {
	t := time.Now()
	next := t.Truncate(time.Second).Add(time.Second)
	c.date.Store(&date{
		at:    t.Truncate(time.Second),
		text:  t.UTC().AppendFormat(nil, "Mon, 02 Jan 2006 15:04:05 GMT"),
		until: t.Sub(c.epoch) + next.Sub(t),
	})
}

// text returns the current Date.
func (c *clock) text() []byte { return c.date.Load().text }

// at returns the time that lies d after the epoch.
func (c *clock) at(d time.Duration) time.Time { return c.epoch.Add(d) }
