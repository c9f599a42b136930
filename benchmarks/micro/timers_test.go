package micro

import (
	"net"
	"testing"
	"time"

	"github.com/pollard-go/pollard/timers"
)

// timed connections are what a timer is one of.
const timedConnections = 15_000

// BenchmarkReArmTimer moves the deadline of one of 15,000 connections, as each request does: on Pollard's wheel, which
// only some requests touch, for it is lazy; with the runtime's timers; and as a net.Conn does it, which locks besides.
func BenchmarkReArmTimer(b *testing.B) {
	const far = time.Hour
	b.Run("pollard", func(b *testing.B) {
		type connection struct{ timer timers.Node[connection] }
		wheel := timers.NewWheel[connection](far)
		all := make([]connection, timedConnections)
		for i := range all {
			all[i].timer.Owner = &all[i]
			wheel.Schedule(&all[i].timer, far+time.Minute)
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			wheel.Schedule(&all[i*7919%timedConnections].timer, far+time.Minute+time.Duration(i&0xff)*timers.Tick)
		}
	})
	b.Run("runtime", func(b *testing.B) {
		all := make([]*time.Timer, timedConnections)
		for i := range all {
			all[i] = time.AfterFunc(far, func() {})
			defer all[i].Stop()
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			all[i*7919%timedConnections].Reset(far + time.Duration(i&0xff)*time.Millisecond)
		}
	})
	b.Run("deadline", func(b *testing.B) {
		client, server := socketPair(b)
		defer client.Close()
		defer server.Close()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if err := server.SetReadDeadline(time.Now().Add(far)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// socketPair returns both ends of a connection within the system.
func socketPair(b *testing.B) (client, server net.Conn) {
	listener := listenLocal(b)
	defer listener.Close()
	client, err := net.Dial("unix", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	if server, err = listener.Accept(); err != nil {
		b.Fatal(err)
	}
	return client, server
}
