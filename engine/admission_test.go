package engine

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
)

func admissionOf(o LimitOptions) *admission {
	a := new(admission)
	def(&o.ClientPrefix, 64)
	a.init(&o)
	return a
}

// TestAdmissionOfAll: one below the limit, at it, and one above, by each policy.
func TestAdmissionOfAll(t *testing.T) {
	var nobody netip.Addr
	for policy, above := range map[RefusalPolicy]verdict{RefuseWait: verdictWait, Refuse503: verdictAnswer, RefuseReset: verdictReset} {
		a := admissionOf(LimitOptions{Connections: 3, Refusal: policy})
		for i := range 3 {
			if v := a.admit(nobody); v != verdictServe {
				t.Errorf("policy %d: connection %d: verdict %d", policy, i, v)
			}
		}
		v := a.admit(nobody)
		if v != above {
			t.Errorf("policy %d: one above: verdict %d, want %d", policy, v, above)
		}
		if v == verdictAnswer {
			a.leave(v, nobody)
		}
		a.leave(verdictServe, nobody)
		if v := a.admit(nobody); v != verdictServe {
			t.Errorf("policy %d: when one has left: verdict %d", policy, v)
		}
		if a.open.Load() != 3 || a.refusing.Load() != 0 {
			t.Errorf("policy %d: %d open, %d refused", policy, a.open.Load(), a.refusing.Load())
		}
	}
	a := admissionOf(LimitOptions{Connections: -1})
	for range 100_000 {
		if v := a.admit(nobody); v != verdictServe {
			t.Fatalf("without limit: verdict %d", v)
		}
	}
}

// TestAdmissionAnswersAreBounded: those beyond are reset.
func TestAdmissionAnswersAreBounded(t *testing.T) {
	a := admissionOf(LimitOptions{Connections: 80, Refusal: Refuse503})
	for range 80 {
		a.admit(netip.Addr{})
	}
	for i := range 12 {
		want := verdictAnswer
		if i >= 10 {
			want = verdictReset
		}
		if v := a.admit(netip.Addr{}); v != want {
			t.Errorf("refused connection %d: verdict %d", i, v)
		}
	}
	var s Stats
	if a.addTo(&s); s.RefusedFull != 12 || s.RefusedReset != 2 {
		t.Errorf("%+v", s)
	}
}

// TestAdmissionByClient: who a client is, and who isn't counted.
func TestAdmissionByClient(t *testing.T) {
	o := LimitOptions{ClientConnections: 2, Trusted: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8")}}
	for _, c := range []struct {
		prefix int
		addrs  [3]string // is the third one too many?
		over   bool
	}{
		{0, [3]string{"192.0.2.1", "192.0.2.1", "192.0.2.1"}, true},
		{0, [3]string{"192.0.2.1", "192.0.2.1", "192.0.2.2"}, false},
		{0, [3]string{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"}, true},
		{0, [3]string{"2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::"}, true},
		{0, [3]string{"2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"}, false},
		{48, [3]string{"2001:db8::1", "2001:db8:0:1::2", "2001:db8:0:2::"}, true},
		{128, [3]string{"2001:db8::1", "2001:db8::1", "2001:db8::2"}, false},
		{0, [3]string{"fe80::1%a", "fe80::1%b", "fe80::2"}, true},
		{0, [3]string{"10.1.2.3", "10.1.2.3", "10.1.2.3"}, false},
		{0, [3]string{"::ffff:10.1.2.3", "10.1.2.3", "10.1.2.3"}, false},
		{0, [3]string{"fd00::1", "fd00::1", "fd00::1"}, false},
		{0, [3]string{"", "", ""}, false},
	} {
		o.ClientPrefix = c.prefix
		a := admissionOf(o)
		var got [3]verdict
		for i, s := range c.addrs {
			addr, _ := netip.ParseAddr(s)
			got[i] = a.admit(addr)
		}
		want := [3]verdict{}
		if c.over {
			want[2] = verdictAnswer
		}
		if got != want {
			t.Errorf("/%d %v: verdicts %v", c.prefix, c.addrs, got)
		}
		for i, s := range c.addrs {
			addr, _ := netip.ParseAddr(s)
			a.leave(got[i], addr)
		}
		if len(a.clients.open) != 0 || a.open.Load() != 0 || a.refusing.Load() != 0 {
			t.Errorf("%v: remain %v, %d open, %d refused", c.addrs, a.clients.open, a.open.Load(), a.refusing.Load())
		}
	}
}

// TestAdmissionAwait: whoever waits is woken when there is a place, and nobody is
// let in above the limit meanwhile.
func TestAdmissionAwait(t *testing.T) {
	const limit, goroutines, rounds = 3, 8, 2000
	a := admissionOf(LimitOptions{Connections: limit})
	var most atomic.Int64
	var all sync.WaitGroup
	for range goroutines {
		all.Add(1)
		go func() {
			defer all.Done()
			for range rounds {
				for a.admit(netip.Addr{}) == verdictWait {
					free := make(chan struct{})
					if a.await(func() { close(free) }) {
						<-free
					}
				}
				if n := a.open.Load(); n > most.Load() {
					most.Store(n)
				}
				a.leave(verdictServe, netip.Addr{})
			}
		}()
	}
	all.Wait()
	if most.Load() > limit || a.open.Load() != 0 || len(a.waiters) != 0 {
		t.Errorf("%d at a time, %d remain, %d wait", most.Load(), a.open.Load(), len(a.waiters))
	}
}
