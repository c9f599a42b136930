package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

const (
	// quietTime is after how long without a message the peer is asked by a ping
	// whether it is still there. It has as long again to answer.
	quietTime = time.Minute
	// messageTime is how long a message may take, both ways.
	messageTime = time.Minute
	// farewellTime is how long a peer may take to answer a close frame.
	farewellTime = 2 * time.Second

	readerBytes = 512 // held for each connection
)

// conversations are the connections that speak WebSocket.
type conversations struct {
	mu     sync.Mutex
	open   map[net.Conn]struct{}
	ending bool
}

// end has all of them, and those that are about to begin, end with status 1001.
// Only their own goroutines write to them, so these are woken.
func (t *conversations) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ending = true
	for c := range t.open {
		_ = c.SetReadDeadline(time.Now())
	}
}

func (t *conversations) enter(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = make(map[net.Conn]struct{})
	}
	t.open[c] = struct{}{}
}

func (t *conversations) leave(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, c)
}

// extend sets the deadline of the next read. It reports false if there is to be
// none.
func (t *conversations) extend(c net.Conn, d time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ending {
		return false
	}
	_ = c.SetReadDeadline(time.Now().Add(d))
	return true
}

// hold echoes until either side ends the conversation.
func (t *conversations) hold(c net.Conn) {
	t.enter(c)
	defer c.Close()
	defer t.leave(c)
	in := bufio.NewReaderSize(c, readerBytes)
	control := wsutil.ControlFrameHandler(c, ws.StateServerSide)
	messages := &wsutil.Reader{Source: in, State: ws.StateServerSide, CheckUTF8: true, OnIntermediate: control}
	for {
		if status := t.await(c, in); status != 0 {
			part(c, in, status)
			return
		}
		_ = c.SetWriteDeadline(time.Now().Add(messageTime))
		head, err := messages.NextFrame()
		switch {
		case err != nil:
		case head.OpCode.IsControl():
			err = control(head, messages)
		default:
			err = echo(c, head.OpCode, messages)
		}
		if err != nil {
			part(c, in, statusOf(err))
			return
		}
	}
}

// await returns when something has come, or the status to part with.
func (t *conversations) await(c net.Conn, in *bufio.Reader) ws.StatusCode {
	for asked := false; ; asked = true {
		if !t.extend(c, quietTime) {
			return ws.StatusGoingAway
		}
		_, err := in.Peek(1)
		switch {
		case err == nil:
			if !t.extend(c, messageTime) {
				return ws.StatusGoingAway
			}
			return 0
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return ws.StatusAbnormalClosure // it has gone
		case !asked:
			_ = c.SetWriteDeadline(time.Now().Add(messageTime))
			if wsutil.WriteServerMessage(c, ws.OpPing, nil) != nil {
				return ws.StatusAbnormalClosure
			}
		default:
			if t.extend(c, quietTime) {
				return ws.StatusAbnormalClosure
			}
		}
	}
}

// echo sends a message back while it comes: one of any length takes the memory
// of a frame, which is given back afterwards.
func echo(c net.Conn, op ws.OpCode, message io.Reader) error {
	w := wsutil.GetWriter(c, ws.StateServerSide, op, 4096)
	defer wsutil.PutWriter(w)
	if _, err := io.Copy(w, message); err != nil {
		return err
	}
	return w.Flush()
}

// statusOf tells what to part with after an error; 1006 is nothing (RFC 6455
// §7.1.5).
func statusOf(err error) ws.StatusCode {
	var protocol ws.ProtocolError
	switch {
	case errors.Is(err, wsutil.ErrInvalidUTF8):
		return ws.StatusInvalidFramePayloadData
	case errors.As(err, &protocol):
		return ws.StatusProtocolError
	}
	return ws.StatusAbnormalClosure
}

// part sends a close frame, and gives the peer a while to answer it.
func part(c net.Conn, in io.Reader, status ws.StatusCode) {
	if status == ws.StatusAbnormalClosure {
		return
	}
	_ = c.SetDeadline(time.Now().Add(farewellTime))
	if ws.WriteFrame(c, ws.NewCloseFrame(ws.NewCloseFrameBody(status, ""))) != nil {
		return
	}
	if end, ok := c.(interface{ CloseWrite() error }); ok {
		_ = end.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, in)
}
