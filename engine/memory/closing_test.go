package memory_test

import (
	"io"
	"sync"
	"testing"
	"time"

	"github.com/pollard-go/pollard/engine/memory"
)

// TestDialWhileClosing: what has been dialled is accepted, also when the listener is
// closed meanwhile: nobody waits for one that isn't there.
func TestDialWhileClosing(t *testing.T) {
	for range 1000 {
		ln := memory.Listen()
		var wg sync.WaitGroup
		dialled := make(chan *memory.Conn, 1<<16)
		for range 16 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for {
					c, err := ln.Dial()
					if err != nil {
						return
					}
					dialled <- c
				}
			}()
		}
		accepted := make(chan struct{})
		go func() {
			defer close(accepted)
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				_ = c.Close()
			}
		}()
		time.Sleep(100 * time.Microsecond)
		_ = ln.Close()
		<-accepted
		wg.Wait()
		close(dialled)
		for c := range dialled {
			_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
			if _, err := c.Read(make([]byte, 1)); err != io.EOF {
				t.Fatalf("nobody has accepted it: %v", err)
			}
		}
	}
}
