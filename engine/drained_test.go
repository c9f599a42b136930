package engine

import (
	"errors"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine/internal/carrier"
)

// crossing is a carrier on which something comes at the moment of the interruption:
// Await tells of what came, and the interruption is used up.
type crossing struct {
	carrier.Conn
	interrupt func()
	waits     int
}

func (c *crossing) Await(time.Time, bool) error {
	if c.waits++; c.waits > 1 {
		return errors.New("it would wait for ever")
	}
	c.interrupt()
	return nil
}

func (c *crossing) Receive() ([]byte, error) { return []byte("x"), nil }
func (c *crossing) Release()                 {}

// TestDrainedEndsAtAnInterrupt: who drains while output is stuck ends when it is told
// to, also if something has come at that very moment.
func TestDrainedEndsAtAnInterrupt(t *testing.T) {
	d := &drained{done: make(chan struct{})}
	c := &crossing{interrupt: func() { d.enough.Store(true) }}
	d.run(c)
	if c.waits != 1 || d.bytes != 1 {
		t.Errorf("waited %d times for %d bytes", c.waits, d.bytes)
	}
}
