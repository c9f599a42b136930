package timers_test

import (
	"fmt"
	"time"

	"github.com/pollard-go/pollard/timers"
)

type connection struct {
	name     string
	deadline time.Duration // the true one; the node may be scheduled for an earlier time
	timer    timers.Node[connection]
}

// An event loop sleeps until NextWake and then expires what is due. Activity
// only stores a new deadline; the wheel learns of it when the old one fires.
func Example() {
	now := time.Duration(0)
	wheel := timers.NewWheel[connection](now)

	const idle = 30 * time.Second
	var a, b connection
	for i, c := range []*connection{&a, &b} {
		c.name = string(rune('a' + i))
		c.timer.Owner = c
		c.deadline = now + idle
		wheel.Schedule(&c.timer, c.deadline)
	}

	b.deadline = 20*time.Second + idle // a request at 20 s: no call of the wheel

	for {
		wake, ok := wheel.NextWake()
		if !ok {
			break
		}
		now = wake // a real loop sleeps in epoll_wait, then reads its clock
		for n := wheel.Expire(now); n != nil; n = wheel.Expire(now) {
			c := n.Owner
			if c.deadline > now {
				fmt.Printf("%v: %s was active\n", now, c.name)
				wheel.Schedule(n, c.deadline)
				continue
			}
			fmt.Printf("%v: %s is idle\n", now, c.name)
		}
	}
	// Output:
	// 30s: a is idle
	// 30s: b was active
	// 50s: b is idle
}

func ExampleWheel_Cancel() {
	wheel := timers.NewWheel[connection](0)
	c := connection{name: "c"}
	c.timer.Owner = &c

	wheel.Schedule(&c.timer, time.Second)
	fmt.Println(c.timer.Scheduled(), c.timer.When(), wheel.Len())
	wheel.Cancel(&c.timer)
	fmt.Println(c.timer.Scheduled(), wheel.Len(), wheel.Expire(time.Minute) == nil)
	// Output:
	// true 1s 1
	// false 0 true
}
