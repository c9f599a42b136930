package engine

import (
	"fmt"
	"time"

	"github.com/pollard-go/pollard/engine/internal/sock"
	"golang.org/x/sys/unix"
)

// kernelDefault has an option of the kernel left alone.
const kernelDefault = -1

// applyTo sets the options of a listening TCP socket, which accepted ones
// inherit. A default of ours that the kernel refuses, as some do for MPTCP
// sockets, is let be; given holds the options before the defaults. alone says that
// nobody else has the socket.
func (o *ListenOptions) applyTo(fd int, given *ListenOptions, alone bool) error {
	deferral := o.DeferAccept
	if given.DeferAccept == 0 && !alone {
		deferral = 0 // who still has it when we end would find silent connections reset
	}
	for _, s := range [...]struct {
		field, call          string
		level, option, value int
		given                bool
	}{
		{"Nagle", "TCP_NODELAY", unix.IPPROTO_TCP, unix.TCP_NODELAY, bit(!o.Nagle), false},
		{"DeferAccept", "TCP_DEFER_ACCEPT", unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, whole(deferral, time.Second), given.DeferAccept > 0},
		{"FastOpen", "TCP_FASTOPEN", unix.IPPROTO_TCP, unix.TCP_FASTOPEN, unlessZero(o.FastOpen), true},
		{"UserTimeout", "TCP_USER_TIMEOUT", unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, whole(o.UserTimeout, time.Millisecond), true},
		{"SendBuffer", "SO_SNDBUF", unix.SOL_SOCKET, unix.SO_SNDBUF, unlessZero(o.SendBuffer), true},
		{"ReceiveBuffer", "SO_RCVBUF", unix.SOL_SOCKET, unix.SO_RCVBUF, unlessZero(o.ReceiveBuffer), true},
		{"ProbeIdle", "SO_KEEPALIVE", unix.SOL_SOCKET, unix.SO_KEEPALIVE, bit(o.ProbeIdle > 0), false},
		{"ProbeIdle", "TCP_KEEPIDLE", unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, whole(o.ProbeIdle, time.Second), given.ProbeIdle > 0},
		{"ProbeInterval", "TCP_KEEPINTVL", unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, whole(o.ProbeInterval, time.Second), given.ProbeInterval > 0},
		{"ProbeCount", "TCP_KEEPCNT", unix.IPPROTO_TCP, unix.TCP_KEEPCNT, o.ProbeCount, given.ProbeCount > 0},
	} {
		if s.value == kernelDefault {
			continue
		}
		if err := unix.SetsockoptInt(fd, s.level, s.option, s.value); err != nil && s.given {
			return &OptionError{"Listen." + s.field, fmt.Sprintf("setsockopt %s: %v", s.call, err)}
		}
	}
	return nil
}

// applyToAccepted sets what an accepted TCP socket has not inherited: Go's Accept
// has turned Nagle off and, unless its ListenConfig says otherwise, set probes of its own.
func (o *ListenOptions) applyToAccepted(fd int, probes bool) {
	if o.QuickAck {
		sock.QuickAck(fd)
	}
	if o.Nagle {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 0)
	}
	if !probes {
		return
	}
	if o.ProbeIdle <= 0 {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 0)
		return
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, whole(o.ProbeIdle, time.Second))
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, whole(o.ProbeInterval, time.Second))
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, o.ProbeCount)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func unlessZero(n int) int {
	if n == 0 {
		return kernelDefault
	}
	return n
}

// whole is d in units, rounded up; zero and negative are left alone.
func whole(d, unit time.Duration) int {
	if d <= 0 {
		return kernelDefault
	}
	return int(min((d-1)/unit+1, 1<<31-1))
}
