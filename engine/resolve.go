package engine

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// This file is what becomes of options: their check, their defaults, and what
// connections are told of them.

// resolved returns the options with every default in its place.
func (o Options) resolved() (Options, error) {
	if err := o.check(); err != nil {
		return o, err
	}
	d := conn.DefaultConfig()
	if o.Addr == "" {
		o.Addr = ":8080"
	}
	def(&o.Listen.DeferAccept, time.Second)
	def(&o.Listen.ProbeIdle, 90*time.Second)
	def(&o.Listen.ProbeInterval, 15*time.Second)
	def(&o.Listen.ProbeCount, 4)
	def(&o.KeepAlive.IdleTimeout, d.IdleTimeout)
	def(&o.KeepAlive.MaxAge, d.MaxAge)
	def(&o.KeepAlive.Jitter, d.Jitter)
	def(&o.Timeouts.Head, d.HeadTimeout)
	def(&o.Timeouts.Body, d.BodyTimeout)
	def(&o.Timeouts.Write, d.WriteTimeout)
	def(&o.Timeouts.ReadRate, d.ReadRate)
	def(&o.Timeouts.WriteRate, d.WriteRate)
	def(&o.Timeouts.RateGrace, d.RateGrace)
	def(&o.Dispatch.Mode, ModeAdaptive)
	def(&o.Dispatch.Loops, runtime.GOMAXPROCS(0))
	def(&o.Dispatch.Workers, 16384)
	def(&o.Dispatch.Queue, max(o.Dispatch.Workers, 0))
	def(&o.Dispatch.RetryAfter, time.Second)
	def(&o.Dispatch.IdleWorkers, 256*o.Dispatch.Loops)
	def(&o.Limits.RequestLine, d.Head.RequestLine)
	def(&o.Limits.FieldLine, d.Head.FieldLine)
	def(&o.Limits.HeadBytes, d.Head.Head)
	def(&o.Limits.Fields, d.Head.Fields)
	def(&o.Limits.WholeBody, 4<<20)
	def(&o.Limits.MemoryBytes, 1<<30)
	def(&o.Limits.DiscardBytes, d.DiscardBytes)
	def(&o.Limits.OutputBytes, d.OutputBytes)
	def(&o.Limits.Pipelined, d.Pipelined)
	if o.Limits.Connections == 0 {
		o.Limits.Connections = spareDescriptors(o.Dispatch.Loops)
	}
	def(&o.Limits.SoftConnections, max(o.Limits.Connections-o.Limits.Connections/8, 0))
	def(&o.Limits.ShedMinIdle, time.Second)
	def(&o.Limits.ClientPrefix, 64)
	def(&o.Close.LingerIdle, d.LingerIdle)
	def(&o.Close.LingerTotal, d.LingerTotal)
	def(&o.Close.LingerBytes, d.LingerBytes)
	def(&o.Close.DrainLinger, d.DrainLinger)
	def(&o.Close.Hold, 500*time.Millisecond)
	o.TLS.resolve()
	for _, d := range []*time.Duration{
		&o.KeepAlive.IdleTimeout, &o.KeepAlive.MaxAge,
		&o.Timeouts.Head, &o.Timeouts.Body, &o.Timeouts.Write, &o.Timeouts.Receive, &o.Timeouts.RateGrace,
		&o.Limits.ShedMinIdle, &o.Dispatch.RetryAfter,
		&o.Close.LingerIdle, &o.Close.LingerTotal, &o.Close.DrainLinger, &o.Close.Hold,
	} {
		*d = min(*d, longestTime)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o, nil
}

// longestTime is what longer limits are taken for, about a century: moments and a
// few of them together must not overflow.
const longestTime = 100 * 365 * 24 * time.Hour

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check finds the first field that can't be.
func (o *Options) check() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"Listen.Backlog", o.Listen.Backlog},
		{"Listen.FastOpen", o.Listen.FastOpen},
		{"Listen.ProbeCount", o.Listen.ProbeCount},
		{"Listen.SendBuffer", o.Listen.SendBuffer},
		{"Listen.ReceiveBuffer", o.Listen.ReceiveBuffer},
		{"Limits.ClientPrefix", o.Limits.ClientPrefix},
		{"Limits.RequestLine", o.Limits.RequestLine},
		{"Limits.FieldLine", o.Limits.FieldLine},
		{"Limits.HeadBytes", o.Limits.HeadBytes},
		{"Limits.Fields", o.Limits.Fields},
		{"Limits.WholeBody", o.Limits.WholeBody},
		{"Limits.OutputBytes", o.Limits.OutputBytes},
		{"Dispatch.Loops", o.Dispatch.Loops},
	} {
		if f.value < 0 {
			return &OptionError{f.name, fmt.Sprintf("%d is negative", f.value)}
		}
	}
	for _, f := range o.durations() {
		if f.value > 0 && f.value < time.Millisecond {
			return &OptionError{f.name, fmt.Sprintf("%v is less than a millisecond, as a number without its unit is", f.value)}
		}
	}
	if err := o.Listen.check(); err != nil {
		return err
	}
	if err := o.Limits.check(); err != nil {
		return err
	}
	switch {
	case o.Addr == "unix:":
		return &OptionError{"Addr", `"unix:" lacks the path of the socket`}
	case o.Dispatch.Mode > ModePooled:
		return &OptionError{"Dispatch.Mode", o.Dispatch.Mode.String() + " is no mode"}
	case o.Close.Notice < 0:
		return &OptionError{"Close.Notice", fmt.Sprintf("%v is negative", o.Close.Notice)}
	case o.Dispatch.RetryAfter < 0:
		return &OptionError{"Dispatch.RetryAfter", fmt.Sprintf("%v is negative", o.Dispatch.RetryAfter)}
	case o.Panic > PanicCrash:
		return &OptionError{"Panic", fmt.Sprintf("%d is no policy", o.Panic)}
	case o.Close.HalfClose > HalfCloseCancel:
		return &OptionError{"Close.HalfClose", fmt.Sprintf("%d is no policy", o.Close.HalfClose)}
	case o.KeepAlive.Jitter > 100:
		return &OptionError{"KeepAlive.Jitter", "more than 100 percent"}
	case o.Timeouts.ReadRate > 1<<30:
		return &OptionError{"Timeouts.ReadRate", "more than 1 GiB/s"}
	case o.Timeouts.WriteRate > 1<<30:
		return &OptionError{"Timeouts.WriteRate", "more than 1 GiB/s"}
	case o.Limits.HeadBytes > 1<<30:
		return &OptionError{"Limits.HeadBytes", "more than 1 GiB"}
	case o.Dispatch.Loops > 4096:
		return &OptionError{"Dispatch.Loops", "more than 4096"}
	case o.Close.LingerIdle < 0 && o.Close.LingerTotal < 0:
		return &OptionError{"Close.LingerTotal", "negative while LingerIdle is too: a connection could linger for ever"}
	}
	return nil
}

type namedDuration struct {
	name  string
	value time.Duration
}

// durations are all that there are.
func (o *Options) durations() []namedDuration {
	return []namedDuration{
		{"Listen.DeferAccept", o.Listen.DeferAccept},
		{"Listen.UserTimeout", o.Listen.UserTimeout},
		{"Listen.ProbeIdle", o.Listen.ProbeIdle},
		{"Listen.ProbeInterval", o.Listen.ProbeInterval},
		{"KeepAlive.IdleTimeout", o.KeepAlive.IdleTimeout},
		{"KeepAlive.MaxAge", o.KeepAlive.MaxAge},
		{"Timeouts.Head", o.Timeouts.Head},
		{"Timeouts.Body", o.Timeouts.Body},
		{"Timeouts.Write", o.Timeouts.Write},
		{"Timeouts.Receive", o.Timeouts.Receive},
		{"Timeouts.RateGrace", o.Timeouts.RateGrace},
		{"Timeouts.Request", o.Timeouts.Request},
		{"Limits.ShedMinIdle", o.Limits.ShedMinIdle},
		{"Dispatch.RetryAfter", o.Dispatch.RetryAfter},
		{"Close.LingerIdle", o.Close.LingerIdle},
		{"Close.LingerTotal", o.Close.LingerTotal},
		{"Close.Notice", o.Close.Notice},
		{"Close.DrainLinger", o.Close.DrainLinger},
		{"Close.Hold", o.Close.Hold},
		{"TLS.HandshakeTimeout", o.TLS.HandshakeTimeout},
		{"TLS.Reload", o.TLS.Reload},
	}
}

func (o *LimitOptions) check() error {
	switch {
	case o.Refusal > RefuseReset:
		return &OptionError{"Limits.Refusal", fmt.Sprintf("%d is no policy", o.Refusal)}
	case o.ClientPrefix > 128:
		return &OptionError{"Limits.ClientPrefix", "more than 128 bits"}
	case o.Connections > 0 && o.SoftConnections > o.Connections:
		return &OptionError{"Limits.SoftConnections", "more than Limits.Connections"}
	}
	for _, p := range o.Trusted {
		if !p.IsValid() {
			return &OptionError{"Limits.Trusted", "holds an invalid prefix"}
		}
		if p.Addr().Is4In6() {
			return &OptionError{"Limits.Trusted", p.String() + " is IPv4 in IPv6: write it as IPv4"}
		}
	}
	return nil
}

// config is what connections are told of resolved options.
func (o *Options) config(date func() []byte) conn.Config {
	c := conn.DefaultConfig()
	c.Head.RequestLine = o.Limits.RequestLine
	c.Head.FieldLine = o.Limits.FieldLine
	c.Head.Head = o.Limits.HeadBytes
	c.Head.Fields = o.Limits.Fields
	c.BodyBytes = o.Limits.BodyBytes
	c.DiscardBytes = max(o.Limits.DiscardBytes, 0)
	c.OutputBytes = o.Limits.OutputBytes
	c.Transactions = o.KeepAlive.MaxRequests
	c.MaxAge, c.Jitter, c.Random = o.KeepAlive.MaxAge, o.KeepAlive.Jitter, rand.Uint64
	c.ReadRate, c.WriteRate = o.Timeouts.ReadRate, o.Timeouts.WriteRate
	c.RateGrace = max(o.Timeouts.RateGrace, 0)
	c.ReceiveTimeout = o.Timeouts.Receive
	c.Pipelined = o.Limits.Pipelined
	c.LingerBytes, c.ResetFor = o.Close.LingerBytes, o.Close.Reset
	c.KeepAliveField = o.KeepAlive.Announce
	c.IdleTimeout = o.KeepAlive.IdleTimeout
	c.HeadTimeout = o.Timeouts.Head
	c.BodyTimeout = o.Timeouts.Body
	c.WriteTimeout = o.Timeouts.Write
	c.LingerIdle = o.Close.LingerIdle
	c.LingerTotal = o.Close.LingerTotal
	c.DrainLinger = o.Close.DrainLinger
	c.Debug = o.Debug
	c.Date = date
	return c
}
