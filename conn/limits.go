package conn

import "time"

// This file draws a connection's own limits from those of the configuration.

// maxTransactions is how many requests this connection may carry.
func (c *Conn) maxTransactions() int {
	n := int64(c.cfg.Transactions)
	return int(max(1, n-drawn(n, c.cfg.Jitter, c.draw)))
}

// aged tells that the connection is older than it may be. It is judged when a
// request's head is complete, so that the answer can say so: an idle connection
// that grows too old waits for its next request or its idle timeout.
func (c *Conn) aged(now time.Duration) bool {
	age, limit := now-c.opened, c.cfg.MaxAge
	return limit > 0 && (age >= limit/2 || c.cfg.Jitter > 50) && c.tooOld(age)
}

func (c *Conn) tooOld(age time.Duration) bool {
	limit := int64(c.cfg.MaxAge)
	// The same draw, stirred: a connection with few requests need not end early.
	return int64(age) >= limit-drawn(limit, c.cfg.Jitter, c.draw*40503)
}

// drawn is the part of a limit that a draw takes off: evenly spread from
// nothing to so many percent of it.
func drawn(limit int64, percent int, draw uint16) int64 {
	if percent <= 0 || draw == 0 {
		return 0
	}
	part := min(limit/100*int64(percent)+limit%100*int64(percent)/100, 1<<63-2) + 1
	return part>>16*int64(draw) + part&0xffff*int64(draw)>>16
}
