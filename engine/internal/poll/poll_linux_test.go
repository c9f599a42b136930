package poll

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestEdges: each change is reported once, together with what holds besides.
func TestEdges(t *testing.T) {
	p, near, far := polled(t)
	if err := p.Add(near, 7, Edge); err != nil {
		t.Fatal(err)
	}
	p.reports(t, Out) // there was room before
	p.reports(t, 0)
	for range 3 {
		fill(t, near)
		p.reports(t, 0)
		empty(t, far)
		p.reports(t, Out)
	}
	if _, err := unix.Write(far, []byte("x")); err != nil {
		t.Fatal(err)
	}
	p.reports(t, In|Out)
	if err := unix.Shutdown(far, unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	p.reports(t, In|Out|RdHup)
	p.reports(t, 0)
}

type tested struct{ *Poller }

// polled gives a poller and the ends of a connection.
func polled(t *testing.T) (p tested, near, far int) {
	t.Helper()
	poller, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = poller.Close() })
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(ends[0]); _ = unix.Close(ends[1]) })
	return tested{poller}, ends[0], ends[1]
}

// reports checks what the poller reports of the connection now; 0: nothing.
func (p tested) reports(t *testing.T, want Ready) {
	t.Helper()
	events := NewEvents(4)
	n, err := p.Wait(events, time.Now().Add(20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	if want == 0 {
		if n > 0 {
			t.Errorf("reports %v", events.At(0))
		}
		return
	}
	if n != 1 || events.At(0) != (Event{want, 7}) {
		t.Errorf("%d events, the first of them %v, want %v", n, events.At(0), want)
	}
}

// fill sends until there is no room.
func fill(t *testing.T, fd int) {
	t.Helper()
	piece := make([]byte, 64<<10)
	for {
		if _, err := unix.Write(fd, piece); err == unix.EAGAIN {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// empty receives until there is nothing more.
func empty(t *testing.T, fd int) {
	t.Helper()
	piece := make([]byte, 64<<10)
	for {
		if _, err := unix.Read(fd, piece); err == unix.EAGAIN {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
