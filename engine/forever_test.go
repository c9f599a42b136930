package engine_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine"
)

// longest sets every time limit in a struct to the longest there is.
func longest(v reflect.Value) {
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.Type() == reflect.TypeFor[time.Duration]():
			f.SetInt(math.MaxInt64)
		case f.Kind() == reflect.Struct:
			longest(f)
		}
	}
}

// TestLongestTimes: a limit that is meant never to be reached isn't.
func TestLongestTimes(t *testing.T) {
	inModes(t, func(t *testing.T, o engine.Options) {
		longest(reflect.ValueOf(&o.KeepAlive).Elem())
		longest(reflect.ValueOf(&o.Timeouts).Elem())
		longest(reflect.ValueOf(&o.Limits).Elem())
		o.Close.LingerIdle, o.Close.LingerTotal, o.Close.DrainLinger = math.MaxInt64, math.MaxInt64, math.MaxInt64
		o.Close.Hold, o.Dispatch.RetryAfter = math.MaxInt64, math.MaxInt64
		f := serve(t, o, func(w *engine.Response, r *engine.Request) {
			b, err := r.ReadAll()
			if err != nil {
				t.Error(err)
			}
			_, _ = w.Write(b)
		})
		c, idle := f.dial(), f.dial()
		idle.get("/")
		idle.wants(200, "")
		for range 2 {
			c.send("%sab", post("/", 4))
			time.Sleep(20 * time.Millisecond)
			c.send("cd")
			c.wants(200, "abcd")
			time.Sleep(20 * time.Millisecond)
		}
		go func() { _, _ = f.drainWithin(patience) }()
		if !within(patience, func() bool { return f.Draining() }) {
			t.Fatal("does not drain")
		}
		if !within(patience, func() bool { // its loop may be told a little later; it is held
			idle.get("/")
			return idle.wants(200, "").Close
		}) {
			t.Error("the last answer does not say so")
		}
		c.get("/")
		c.wants(200, "")
		_ = c.Close()
		_ = idle.Close()
		f.booksAgree(0)
	})
}
