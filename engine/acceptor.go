package engine

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pollard-go/pollard/conn"
)

// acceptor is a listener whose connections have a goroutine each.
type acceptor struct {
	srv    *Server
	ln     net.Listener
	path   unixFile
	secure *tls.Config // nil: without TLS
	ours   bool        // the server has opened ln
	ending atomic.Bool
	once   sync.Once
	said   time.Time // when a rest was last logged

	settled atomic.Bool   // while ending: no more connections will come than there are
	roused  chan struct{} // closed when Accept has been told then
}

const (
	// acceptRest is how long a listener rests when descriptors or memory have run
	// out; that it does is logged once in acceptSayAgain.
	acceptRest     = 50 * time.Millisecond
	acceptSayAgain = 10 * time.Second

	// acceptLast is how long connections are still taken that the system has
	// established when the server ends: closing the socket would reset them.
	acceptLast = 10 * time.Millisecond

	// acceptEnd is how long the server's end waits for that of a listener that is the
	// program's own code.
	acceptEnd = 100 * time.Millisecond
)

// run accepts until the server ends.
func (a *acceptor) run() error {
	s := a.srv
	if err := s.start(); err != nil {
		_ = a.ln.Close()
		return err
	}
	if !s.addSource(a) {
		_ = a.ln.Close()
		return ErrServerClosed
	}
	s.joinGroup(a.ln)
	err := a.accept()
	s.leaveGroup(a.ln)
	_ = a.path.close(a.ln)
	s.sourceEnded(a)
	if s.ending.Load() {
		return ErrServerClosed
	}
	return err
}

func (a *acceptor) accept() error {
	for {
		a.waitForPlace()
		last := a.settled.Load()
		if last {
			<-a.roused
			a.limit(acceptLast) // each gets its own: what is there is taken
		}
		nc, err := a.ln.Accept()
		switch {
		case err == nil:
			a.srv.setAccepted(nc, a.ours)
			if c := a.srv.adopt(nc, a.secure); c != nil {
				go c.begin(false)
			}
			a.relieve()
		case a.ending.Load():
			if last || !a.settled.Load() {
				return err
			}
		case temporary(err):
			if a.srv.shedStreams(streamShedBatch) == 0 {
				a.rest(err.Error())
			} else {
				time.Sleep(time.Millisecond) // until they have ended
			}
		default:
			return err
		}
	}
}

// temporary tells that accepting may succeed later.
func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// waitForPlace waits while nothing is to be accepted.
func (a *acceptor) waitForPlace() {
	s := a.srv
	for s.budget.spent() && !a.ending.Load() {
		a.rest("the memory budget is used up")
	}
	for s.admission.isFull() && s.admission.refusal == RefuseWait && !a.ending.Load() {
		if s.admission.soft > 0 {
			s.shedStreams(1)
		}
		free := make(chan struct{}, 1)
		if !s.admission.await(func() { free <- struct{}{} }) {
			return
		}
		s.admission.rests.Add(1)
		select {
		case <-free:
		case <-time.After(acceptRest): // the server may end meanwhile
		}
	}
}

func (a *acceptor) rest(why string) {
	if now := time.Now(); now.Sub(a.said) >= acceptSayAgain {
		a.said = now
		a.srv.opts.Logger.Warn("engine: accept pauses", "error", why, "open", a.srv.open.Load())
	}
	a.srv.admission.rests.Add(1)
	time.Sleep(acceptRest)
}

// end: see source.
func (a *acceptor) end() {
	a.once.Do(func() {
		a.ending.Store(true)
		switch a.ln.(type) {
		case *net.TCPListener, *net.UnixListener:
			a.endListener()
			return
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			a.endListener()
		}()
		select {
		case <-done:
		case <-time.After(acceptEnd):
		}
	})
}

// endListener ends a socket that is ours alone as those end that loops watch.
func (a *acceptor) endListener() {
	if (a.ours || a.srv.opts.Listen.Exclusive) && a.srv.deafen(a.ln) && a.limit(time.Hour) {
		a.roused = make(chan struct{})
		go func() {
			a.srv.settle(a.ln, a.srv.streams.areClosing)
			a.settled.Store(true)
			a.limit(0) // Accept returns
			close(a.roused)
		}()
	} else if !a.limit(acceptLast) {
		_ = a.path.close(a.ln)
	}
}

// limit has Accept return after that time. It reports false if that can't be had.
func (a *acceptor) limit(d time.Duration) bool {
	l, ok := a.ln.(interface{ SetDeadline(time.Time) error })
	return ok && l.SetDeadline(time.Now().Add(d)) == nil
}

// adopt begins the life of a connection that has a goroutine of its own, which is
// to call begin. It returns nil if there is none: the connection is closed.
func (s *Server) adopt(nc net.Conn, secure *tls.Config) *stream {
	a := &s.admission
	client := addrPort(nc.RemoteAddr()).Addr()
	v := a.admit(client)
	for v == verdictWait && !s.ending.Load() { // it was the last place of several listeners'
		time.Sleep(acceptRest)
		v = a.admit(client)
	}
	if v == verdictWait || v == verdictReset {
		abort(nc)
		return nil
	}
	below := newCarrier(nc, s)
	if secure != nil {
		below = newSecured(below, s, secure)
	}
	c := s.newStream(below, true, v)
	if c == nil {
		a.leave(v, client)
		_ = nc.Close()
	}
	return c
}

// begin is the first that the goroutine of a stream does. It returns when the stream
// has ended, if it is to wait for a handshake.
func (s *stream) begin(wait bool) {
	s.srv.hookOpened(s)
	shake := s.handshakes()
	if s.verdict == verdictAnswer {
		if t, ok := s.io.(*secured); ok {
			t.clear = true // it isn't worth a handshake
			s.c.Close(conn.ReasonRefused)
		} else if s.isSecured() {
			s.c.Close(conn.ReasonRefused) // a *tls.Conn would shake hands first, for as long as the peer likes
		} else {
			s.c.Refuse(s.at, 503, s.srv.opts.Dispatch.RetryAfter)
		}
	} else if shake != nil {
		s.word.Or(streamShaking)
		shaken := make(chan struct{})
		go func() {
			defer func() { // also if what the program gave crypto/tls ends this goroutine
				if close(shaken); !wait {
					go s.live() // with a stack that is small
				}
			}()
			s.handshake(shake)
		}()
		if !wait {
			return
		}
		<-shaken
	}
	s.live()
}
