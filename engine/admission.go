package engine

import (
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// admission decides which connections are served, by their number in all and by
// that of one client. It knows no transport: whoever accepts asks admit, or take
// before and judge after, and tells leave when the socket is closed.
type admission struct {
	limit   int64 // served at a time at most; 0: any number
	soft    int64 // above it the longest idle give way; 0: never
	answers int64 // refused connections that are answered at a time at most
	refusal RefusalPolicy
	clients clientTable

	open     atomic.Int64 // served
	refusing atomic.Int64 // refused, and not closed yet

	waiting atomic.Bool // waiters has any
	mu      sync.Mutex
	waiters []func()

	full, crowd, reset, rests atomic.Int64 // see Stats
}

// verdict is what becomes of a connection.
type verdict uint8

const (
	verdictServe  verdict = iota // it has a place: leave gives it back
	verdictWait                  // it stays where it is until there is a place: see await
	verdictAnswer                // 503 and the end; leave is told of it too
	verdictReset                 // it is reset at once; leave is not told
)

// mostAnswers bounds the refused connections that are answered at a time: they
// use descriptors that were to be spared.
const mostAnswers = 1024

func (a *admission) init(o *LimitOptions) {
	a.limit, a.soft, a.refusal = int64(max(o.Connections, 0)), int64(max(o.SoftConnections, 0)), o.Refusal
	a.answers = mostAnswers
	if a.limit > 0 {
		a.soft = min(a.soft, a.limit)
		a.answers = min(max(a.limit/8, 4), mostAnswers)
	}
	a.clients.init(o)
}

// admit judges a new connection of the client; an invalid address is nobody's.
func (a *admission) admit(client netip.Addr) verdict { return a.judge(a.take(), client) }

// take takes a place, if one is left.
func (a *admission) take() bool {
	for {
		n := a.open.Load()
		if a.limit > 0 && n >= a.limit {
			return false
		}
		if a.open.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// judge is what becomes of a connection of the client, for which a place was
// taken or is not to be had.
func (a *admission) judge(placed bool, client netip.Addr) verdict {
	switch {
	case !placed && a.refusal == RefuseWait:
		return verdictWait
	case !placed:
		a.full.Add(1)
	case !a.clients.enter(client):
		a.giveUp()
		a.crowd.Add(1)
	default:
		return verdictServe
	}
	return a.refuse()
}

// refuse is what becomes of a connection that is not served.
func (a *admission) refuse() verdict {
	if a.refusal != RefuseReset {
		if a.refusing.Add(1) <= a.answers {
			return verdictAnswer
		}
		a.refusing.Add(-1)
	}
	a.reset.Add(1)
	return verdictReset
}

// leave is told of the end of a connection, after its socket was closed, with
// what admit or judge said of it.
func (a *admission) leave(v verdict, client netip.Addr) {
	switch v {
	case verdictServe:
		a.clients.leave(client)
		a.giveUp()
	case verdictAnswer:
		a.refusing.Add(-1)
	}
}

// giveUp gives back what take took.
func (a *admission) giveUp() {
	a.open.Add(-1)
	if a.waiting.Load() {
		a.wake()
	}
}

func (a *admission) isFull() bool { return a.limit > 0 && a.open.Load() >= a.limit }

// crowded tells that connections which have been idle for long should give way.
func (a *admission) crowded() bool { return a.soft > 0 && a.open.Load() > a.soft }

// await has f called, once and soon, when there may be a place. It reports false
// if there is one now: then f is not called.
func (a *admission) await(f func()) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting.Store(true) // before the look: giveUp does it the other way round
	if !a.isFull() {
		a.waiting.Store(len(a.waiters) > 0)
		return false
	}
	a.waiters = append(a.waiters, f)
	return true
}

func (a *admission) wake() {
	a.mu.Lock()
	waiters := a.waiters
	a.waiters = nil
	a.waiting.Store(false)
	a.mu.Unlock()
	for _, f := range waiters {
		f()
	}
}

func (a *admission) addTo(s *Stats) {
	s.RefusedFull, s.RefusedClient = a.full.Load(), a.crowd.Load()
	s.RefusedReset, s.Rests = a.reset.Load(), a.rests.Load()
}

// refusedTime bounds how long a refused connection lasts.
const refusedTime = time.Second

// refusedConfig is what a refused connection is told: it must not last.
func refusedConfig(c conn.Config) conn.Config {
	for _, d := range []*time.Duration{&c.WriteTimeout, &c.LingerIdle, &c.LingerTotal} {
		if *d <= 0 || *d > refusedTime {
			*d = refusedTime
		}
	}
	return c
}

// clientTable counts the connections of each client. It is used only when they
// are limited.
type clientTable struct {
	limit   int
	bits    int // of an IPv6 address, that make a client
	trusted []netip.Prefix

	mu   sync.Mutex
	open map[netip.Addr]int
}

func (t *clientTable) init(o *LimitOptions) {
	t.limit, t.bits, t.trusted = max(o.ClientConnections, 0), o.ClientPrefix, o.Trusted
	t.open = make(map[netip.Addr]int)
}

// client is whom an address belongs to. ok is false if it isn't counted.
func (t *clientTable) client(a netip.Addr) (client netip.Addr, ok bool) {
	if t.limit == 0 || !a.IsValid() {
		return a, false
	}
	a = a.Unmap().WithZone("")
	for _, p := range t.trusted {
		if p.Contains(a) {
			return a, false
		}
	}
	if a.Is6() {
		p, _ := a.Prefix(t.bits) // whoever has an IPv6 address has all of its network
		a = p.Addr()
	}
	return a, true
}

// enter reports whether one more connection of the client may be served.
func (t *clientTable) enter(a netip.Addr) bool {
	client, ok := t.client(a)
	if !ok {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.open[client]
	if n >= t.limit {
		return false
	}
	t.open[client] = n + 1
	return true
}

func (t *clientTable) leave(a netip.Addr) {
	client, ok := t.client(a)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := t.open[client]; n > 1 {
		t.open[client] = n - 1
	} else {
		delete(t.open, client)
	}
}

const (
	// A reserve of descriptors is left to handlers, which open files and make
	// connections of their own: an eighth of the limit, and of a small one more.
	reserveShare = 8
	reserveLeast = 32

	loopDescriptors  = 4       // a poller's two and a listener's two
	mostConnections  = 1 << 30 // "unlimited"
	fewestDescriptor = 16      // taken for used if it can't be found out
)

// spareDescriptors is how many connections the process's descriptor limit has
// room for, with a reserve left.
func spareDescriptors(loops int) int {
	limit := descriptorLimit()
	if limit > mostConnections {
		return mostConnections
	}
	used := fewestDescriptor
	if entries, err := os.ReadDir("/dev/fd"); err == nil {
		used = len(entries)
	}
	free := int(limit) - used - loops*loopDescriptors
	reserve := min(max(reserveLeast, int(limit)/reserveShare), free*2/3)
	return max(free-reserve, 1)
}
