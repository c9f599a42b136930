//go:build linux || darwin || freebsd

package netpoll

import (
	"net/netip"
	"syscall"
	"testing"

	"github.com/cloudwego/netpoll"
)

// idle is a connection with nothing in its buffers.
type idle struct{ netpoll.Connection }

func (idle) Reader() netpoll.Reader { return netpoll.NewLinkBuffer() }
func (idle) Close() error           { return nil } // others have it still

type noStream struct{}

func (noStream) Ready()   {}
func (noStream) Ended()   {}
func (noStream) Broken()  {}
func (noStream) Overrun() {}

// TestClosedBeforeTold: a connection that we close between its peer's end and
// OnDisconnect is closed: no duplicate of its descriptor stays, which would keep
// it open for the peer.
func TestClosedBeforeTold(t *testing.T) {
	for name, told := range map[string]func(p *peer){
		"OnDisconnect, closed": func(p *peer) { onDisconnect(p, nil); _ = p.closed(nil) },
		"closed, OnDisconnect": func(p *peer) { _ = p.closed(nil); onDisconnect(p, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
			if err != nil {
				t.Fatal(err)
			}
			ours, its := fds[0], fds[1]
			defer syscall.Close(its)
			if err := syscall.SetNonblock(its, true); err != nil {
				t.Fatal(err)
			}
			_ = syscall.Shutdown(its, syscall.SHUT_WR)
			p := newPeer(ours, netip.AddrPort{}, &watch{})
			p.c, p.stream = idle{}, noStream{}
			p.Close(false)
			told(p)
			_ = syscall.Close(ours) // as netpoll does after it has called closed
			if n, err := syscall.Read(its, make([]byte, 1)); n != 0 || err != nil {
				t.Errorf("its peer reads %d bytes, %v: want the end", n, err)
			}
		})
	}
}
