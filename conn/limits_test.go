package conn

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"
)

// TestDrawnLimits: each connection's limits are its own, never above the
// configured ones, never below by more than the jitter, never less than one
// request, and spread over the whole range.
func TestDrawnLimits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, limit := range []int64{1, 2, 3, 9, 10, 11, 100, 1000, 1 << 30, int64(time.Second), int64(time.Hour), int64(1000 * time.Hour), math.MaxInt64 - 1, math.MaxInt64} {
		for _, jitter := range []int{-1, 0, 1, 10, 50, 99, 100} {
			cfg := DefaultConfig()
			cfg.Transactions, cfg.MaxAge = int(limit), time.Duration(limit)
			cfg.Jitter, cfg.Random = jitter, rng.Uint64
			least := limit - limit/100*int64(max(jitter, 0)) - limit%100*int64(max(jitter, 0))/100
			lowest, highest := limit, int64(0)
			for range 10_000 {
				var c Conn
				c.Init(&cfg, 0)
				n := int64(c.maxTransactions())
				if n > limit || n < max(least, 1) {
					t.Fatalf("limit %d, jitter %d%%: drew %d requests", limit, jitter, n)
				}
				lowest, highest = min(lowest, n), max(highest, n)
				if !c.aged(cfg.MaxAge) {
					t.Fatalf("%v old, jitter %d%%: not too old", cfg.MaxAge, jitter)
				}
				if least > 0 && c.aged(time.Duration(least-1)) {
					t.Fatalf("%v old, limit %v, jitter %d%%: too old", time.Duration(least-1), cfg.MaxAge, jitter)
				}
			}
			if part := (limit - least) / 20; lowest > max(least, 1)+part || highest < limit-part {
				t.Errorf("limit %d, jitter %d%%: drew %d to %d", limit, jitter, lowest, highest)
			}
		}
	}
}

// TestDrawIsOptional: no jitter, or nothing to draw from: the limits are as configured.
func TestDrawIsOptional(t *testing.T) {
	for _, jitter := range []int{0, 50} {
		cfg := DefaultConfig()
		cfg.Transactions, cfg.Jitter = 100, jitter
		if jitter == 0 {
			cfg.Random = func() uint64 {
				t.Error("drawn without need")
				return 1
			}
		}
		var c Conn
		c.Init(&cfg, 0)
		if n := c.maxTransactions(); n != 100 || c.aged(cfg.MaxAge-1) || !c.aged(cfg.MaxAge) {
			t.Errorf("jitter %d: %d requests", jitter, n)
		}
	}
}

// TestRefusalForgotten: an exchange that answered no request is given back clean.
func TestRefusalForgotten(t *testing.T) {
	cfg := DefaultConfig()
	for range 100 { // the pool may give another one
		var refused, c Conn
		refused.Init(&cfg, 0)
		refused.Refuse(0, 503, time.Second)
		refused.Close(ReasonServer)
		refused.Next(0)
		c.Init(&cfg, 0)
		c.Receive(0, []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
		if e := c.Next(0); e != Requested || c.Status() != 200 || c.Header().Len() != 0 || c.Written() != 0 {
			t.Fatalf("%v, status %d, %d fields, %d bytes", e, c.Status(), c.Header().Len(), c.Written())
		}
		c.Close(ReasonServer)
		_ = c.End(0)
		c.Next(0)
	}
}

// TestTooLateIsOne: whichever limit it was, a body that came too late is found
// by one name.
func TestTooLateIsOne(t *testing.T) {
	for err, want := range map[error]bool{
		ErrBodyTimeout: true, ErrBodyRate: true, ErrReceiveTime: true, ErrBodyCut: false, ErrBodyTooLarge: false,
	} {
		if errors.Is(err, ErrBodyTimeout) != want {
			t.Errorf("%v: is ErrBodyTimeout: %t", err, !want)
		}
	}
}

func TestReasons(t *testing.T) {
	s := ReasonsOf(ReasonIdle, ReasonHijacked)
	for r := range NumReasons {
		if s.Has(r) != (r == ReasonIdle || r == ReasonHijacked) {
			t.Errorf("%v: %t", r, s.Has(r))
		}
	}
	if NumReasons > 64 {
		t.Error("a set of reasons has 64 bits")
	}
}

// TestSize: most connections of a server wait, and then cost just this.
func TestSize(t *testing.T) {
	if size := unsafe.Sizeof(Conn{}); size > 96 {
		t.Errorf("a Conn has %d bytes", size)
	}
}
