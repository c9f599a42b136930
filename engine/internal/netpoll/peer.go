//go:build linux || darwin || freebsd

package netpoll

import (
	"context"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cloudwego/netpoll"
	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// peer carries a connection. It is the context that netpoll calls back with.
//
// netpoll's buffers and its descriptor are there until it has called closed, so mu
// guards every use of them. It does not call that while an OnRequest runs, but at
// once when a peer has ended its side and none does: so a duplicate is kept of the
// descriptor of one that may still read.
type peer struct {
	context.Context
	remote netip.AddrPort
	watch  *watch
	stream carrier.Stream

	next, prev *peer       // in watch
	inside     atomic.Bool // an OnRequest runs: nobody tells of what comes meanwhile

	mu  sync.Mutex
	fd  int  // -1: closed, or about to be
	own bool // fd is a duplicate

	// nested: OnRequest has not come back from Ready, so what waits for input may be
	// its own handler. netpoll then tells its reader of input; otherwise it calls
	// OnRequest. Another goroutine may have seen nested just before that changes, so
	// waits in the reader are cut in slices.
	nested      bool
	interrupted bool
	c           netpoll.Connection // nil before onPrepare
	gone        bool               // closed has been called
	ended       error              // io.EOF, or what has broken it; as OnDisconnect has told
	kept        []byte             // taken from netpoll, and not received by anybody
	buf         *[]byte            // what Receive has returned, until Release
	wake        chan struct{}      // ends a wait outside of OnRequest; nil: there was none
	closing     bool               // by us: Close has been called
	handed      *hijacked          // to a handler
	handback    chan struct{}      // closed when that has closed it
}

func newPeer(fd int, remote netip.AddrPort, w *watch) *peer {
	return &peer{Context: context.Background(), fd: fd, remote: remote, watch: w}
}

// onPrepare is called by the poller, which then begins to read.
func onPrepare(c netpoll.Connection) context.Context {
	p := c.RemoteAddr().(peerAddr).peer
	p.mu.Lock()
	p.c = c
	over := p.gone
	p.mu.Unlock()
	_ = c.AddCloseCallback(p.closed)
	if over { // the server has ended meanwhile
		_ = c.Close()
		return p
	}
	p.watch.add(p)
	p.stream.Ready() // it may have something to say, and has a deadline
	return p
}

// onRequest is called when input has come, on a goroutine of netpoll's. As long
// as it does not return it is not called again, and the descriptor stays; when it
// returns, and leaves input, it is.
func onRequest(ctx context.Context, _ netpoll.Connection) error {
	p := ctx.(*peer)
	p.inside.Store(true)
	p.watch.begin()
	defer p.inside.Store(false)
	defer p.awaitHandback()
	p.setNested(true)
	defer p.setNested(false)
	p.stream.Ready()
	p.setNested(false)
	for p.keep() {
		p.stream.Ready()
	}
	return nil
}

func (p *peer) setNested(is bool) {
	p.mu.Lock()
	p.nested = is
	p.mu.Unlock()
}

// keep takes what nobody wanted from netpoll, which would otherwise call
// again at once. It reports whether there was anything.
func (p *peer) keep() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone || p.handed != nil {
		return false
	}
	n := p.c.Reader().Len()
	if n == 0 {
		return false
	}
	if len(p.kept)+n > p.watch.most {
		go p.stream.Overrun()
	}
	p.keepAll()
	p.rouse()
	return true
}

// keepAll is called with mu.
func (p *peer) keepAll() {
	for n := p.c.Reader().Len(); n > 0; n = p.c.Reader().Len() {
		b, err := p.c.Reader().Next(n)
		if err != nil {
			return
		}
		p.kept = append(p.kept, b...)
		_ = p.c.Reader().Release()
	}
}

// closed is called before the descriptor is closed and the buffers are given up.
func (p *peer) closed(netpoll.Connection) error {
	p.watch.remove(p)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.handed == nil && p.c.Reader().Len() > 0 && len(p.kept)+p.c.Reader().Len() <= p.watch.most {
		p.keepAll()
	}
	p.gone = true
	// An OnRequest that returns just when the peer ends its side has netpoll close
	// before OnDisconnect tells: that will find the duplicate.
	if p.ended == nil {
		p.outlive()
	}
	p.rouse()
	if !p.own {
		p.fd = -1
	}
	if p.ended == nil {
		p.ended = io.EOF
	}
	return nil
}

// outlive keeps a duplicate of the descriptor, unless both sides have ended. It is
// called with mu. What we have closed is left: a handler may have seen the peer's
// end, and be done, before OnDisconnect tells, and nobody would close a duplicate
// that is made then.
func (p *peer) outlive() {
	if p.own || p.closing || p.fd < 0 || hungUp(p.fd) {
		return
	}
	if fd, err := duplicate(p.fd); err == nil {
		p.fd, p.own = fd, true
	}
}

// onDisconnect is called when the peer has ended its side, or all of it: netpoll
// doesn't tell which.
func onDisconnect(ctx context.Context, _ netpoll.Connection) {
	p := ctx.(*peer)
	p.mu.Lock()
	p.ended = io.EOF
	broken := p.fd < 0 || hungUp(p.fd)
	if broken {
		p.ended = syscall.ECONNRESET
	} else {
		p.outlive()
	}
	p.rouse()
	p.mu.Unlock()
	if broken {
		p.stream.Broken()
	} else {
		p.stream.Ended()
	}
}

const (
	smallBytes = 4 << 10 // most requests
	largeBytes = 64 << 10
)

var small, large = bufferPool(smallBytes), bufferPool(largeBytes)

func bufferPool(size int) *sync.Pool {
	return &sync.Pool{New: func() any { b := make([]byte, size); return &b }}
}

// Receive: see carrier.Conn. It copies: netpoll's memory is void at the latest
// when OnRequest returns, and what is received may be looked at for longer.
func (p *peer) Receive() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept) > 0 {
		b := p.kept
		p.kept = nil
		return b, nil
	}
	if p.gone {
		return nil, p.ended
	}
	if p.c == nil {
		return nil, nil
	}
	active := p.c.IsActive()
	n := p.c.Reader().Len()
	if n == 0 {
		if !active && p.ended == nil {
			return nil, io.EOF
		}
		return nil, p.ended
	}
	if p.buf == nil {
		pool := small
		if n > smallBytes {
			pool = large
		}
		p.buf = pool.Get().(*[]byte)
	}
	n, err := p.c.Read((*p.buf)[:min(n, len(*p.buf))])
	return (*p.buf)[:n], err
}

// Release: see carrier.Conn.
func (p *peer) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.buf == nil {
		return
	}
	if len(*p.buf) == smallBytes {
		small.Put(p.buf)
	} else {
		large.Put(p.buf)
	}
	p.buf = nil
	if !p.gone && p.handed == nil {
		_ = p.c.Reader().Release()
	}
}

// awaitSlice is how long a wait in netpoll's reader lasts at most: see nested.
const awaitSlice = 50 * time.Millisecond

// Await: see carrier.Conn.
func (p *peer) Await(until time.Time, _ bool) error {
	p.Release()
	for {
		p.mu.Lock()
		nested, interrupted, ready := p.nested, p.interrupted, p.ready()
		p.interrupted = false
		if p.wake == nil {
			p.wake = make(chan struct{}, 1)
		}
		p.mu.Unlock()
		left := awaitSlice
		if !until.IsZero() {
			left = time.Until(until)
		}
		switch {
		case ready:
			return nil
		case interrupted || left <= 0:
			return carrier.ErrInterrupted
		case nested:
			_ = p.c.SetReadDeadline(time.Now().Add(min(left, awaitSlice)))
			_, _ = p.c.Reader().Peek(1) // what it ended with is seen above
		default:
			p.awaitWake(until)
		}
	}
}

// ready tells that Receive has something to tell. It is called with mu.
func (p *peer) ready() bool {
	return len(p.kept) > 0 || p.gone || p.ended != nil || p.c != nil && (p.c.Reader().Len() > 0 || !p.c.IsActive())
}

func (p *peer) awaitWake(until time.Time) {
	if until.IsZero() {
		<-p.wake
		return
	}
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-p.wake:
	case <-t.C:
	}
}

// rouse ends an awaitWake. It is called with mu.
func (p *peer) rouse() {
	select {
	case p.wake <- struct{}{}: // nil: nobody waits
	default:
	}
}

// Watch: see carrier.Conn. OnDisconnect tells.
func (p *peer) Watch() error { return nil }

// AwaitEnd: see carrier.Conn. OnDisconnect tells; netpoll reads on meanwhile.
func (p *peer) AwaitEnd(until time.Time) error {
	for {
		p.mu.Lock()
		over, interrupted := p.gone || p.ended != nil, p.interrupted
		p.interrupted = false
		if p.wake == nil {
			p.wake = make(chan struct{}, 1)
		}
		p.mu.Unlock()
		switch {
		case over:
			return nil
		case interrupted || !until.IsZero() && time.Until(until) <= 0:
			return carrier.ErrInterrupted
		}
		p.awaitWake(until)
	}
}

// Interrupt: see carrier.Conn.
func (p *peer) Interrupt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.interrupted = true
	p.rouse()
}

// Close: see carrier.Conn.
func (p *peer) Close(reset bool) {
	p.mu.Lock()
	p.closing = true
	if p.fd >= 0 && reset {
		resetOnClose(p.fd)
	}
	if p.own {
		_ = syscall.Close(p.fd)
		p.fd, p.own = -1, false
	}
	p.handed = nil
	p.rouse()
	c := p.c
	if c == nil {
		p.gone = true
	}
	p.mu.Unlock()
	if c != nil {
		_ = c.Close()
	}
}

// Abort: see carrier.Conn. netpoll closes the descriptor when OnRequest returns:
// the peer is to know sooner.
func (p *peer) Abort() {
	p.mu.Lock()
	if p.fd >= 0 {
		resetOnClose(p.fd)
		disconnect(p.fd)
	}
	p.mu.Unlock()
	p.Close(true)
}

// RemoteAddr: see carrier.Conn.
func (p *peer) RemoteAddr() netip.AddrPort { return p.remote }

// LocalAddr: see carrier.Conn.
func (p *peer) LocalAddr() netip.AddrPort {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd < 0 {
		return netip.AddrPort{}
	}
	return localAddr(p.fd)
}

var _ carrier.Conn = (*peer)(nil)
