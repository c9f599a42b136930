package conn_test

import (
	"strconv"
	"strings"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// What must hold of a connection's own limits, and of the slow.

// configureLife takes random limits on age, rates and ends.
func (w *simWorld) configureLife(cfg *conn.Config) {
	rng := w.rng
	millis := func(percent, most int) (d time.Duration) {
		if chance(rng, percent) {
			d = time.Duration(1+rng.IntN(most)) * time.Millisecond
		}
		return d
	}
	rate := func() (n int64) {
		if chance(rng, 60) {
			n = 1 << rng.IntN(20)
		}
		return n
	}
	cfg.Pipelined = rng.IntN(6)
	cfg.MaxAge = millis(20, 3000)
	cfg.Jitter = rng.IntN(101)
	cfg.Random = rng.Uint64
	cfg.ReceiveTimeout = millis(20, 5000)
	cfg.ReadRate, cfg.WriteRate, cfg.RateGrace = rate(), rate(), millis(90, 3000)
	cfg.LingerBytes = 0
	if chance(rng, 30) {
		cfg.LingerBytes = int64(1 + rng.IntN(2000))
	}
	if chance(rng, 15) {
		cfg.ResetFor = conn.Reasons(rng.Uint64())
	}
}

// checkKeepAlive: Keep-Alive tells one and the same limit each time, which is
// not above the configured one and not below by more than the jitter.
func (w *simWorld) checkKeepAlive(a *simAnswer) {
	_, max, ok := strings.Cut(a.fields["keep-alive"], "max=")
	if !ok {
		return
	}
	left, err := strconv.Atoi(max)
	most := w.cfg.Transactions
	limit := left + a.number + 1
	w.demand(err == nil && left > 0 && limit <= most && limit >= most-most*w.cfg.Jitter/100, "Keep-Alive max=%q of answer %d, limit %d, jitter %d%%",
		max, a.number, most, w.cfg.Jitter)
	w.demand(w.limit == 0 || w.limit == limit, "the limit was %d and is %d", w.limit, limit)
	w.limit = limit
}

// finishLimits: the limits that were told were kept.
func (w *simWorld) finishLimits() {
	switch w.c.Reason() {
	case conn.ReasonTransactions:
		w.demand(w.limit == 0 || w.limit == len(w.served), "%d requests served, %d were told", len(w.served), w.limit)
	case conn.ReasonAge:
		last := w.served[len(w.served)-1]
		least := w.cfg.MaxAge - w.cfg.MaxAge/100*time.Duration(w.cfg.Jitter) - time.Microsecond
		w.demand(last.since >= least, "too old at %v, limit %v, jitter %d%%", last.since, w.cfg.MaxAge, w.cfg.Jitter)
	}
	if w.closedBy == conn.Close && !w.lingerExpiry && w.cfg.ResetFor.Has(w.c.Reason()) {
		n := len(w.answers.all)
		delimited := n > 0 && w.answers.all[n-1].delimited
		w.demand(!w.sock.serverShut || delimited, "lingered, but was to be reset for %v", w.c.Reason())
	}
}

// noteBusy notes since when there is output, and how much of it was sent.
func (w *simWorld) noteBusy(n int) {
	if !w.busy {
		w.busy, w.busySince, w.busyMoved = true, w.now, 0
	}
	w.busyMoved += n
	w.busy = w.c.Unsent()
}

// checkRate: nobody is cut for being slow before the grace, and the time that
// the bytes so far take at the rate, have passed.
func (w *simWorld) checkRate(kind conn.Deadline) {
	since, n, rate := w.busySince, w.busyMoved, w.cfg.WriteRate
	if kind == conn.BodyRateDeadline {
		s := w.served[len(w.served)-1]
		since, n, rate = s.since, w.handler.read, w.cfg.ReadRate
	}
	took := time.Duration(float64(n) / float64(rate) * float64(time.Second))
	w.demand(w.now+time.Microsecond >= since+w.cfg.RateGrace+took, "%v: cut at %v, %v after its begin, with %d bytes", kind, w.now, w.now-since, n)
}
